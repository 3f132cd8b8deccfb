#include "job/yaml_tree.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <tuple>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/utf8.h"

namespace hens {
namespace {

constexpr size_t size_limit = size_t{1} << 20;
constexpr size_t depth_limit = 32;
constexpr size_t keys_limit = 1000;
constexpr size_t problems_shown = 100;

// Builds the tree from yaml-cpp's events, which unlike its nodes still know duplicate keys, anchors and tags.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string origin, Problems& problems) : origin_(std::move(origin)), problems_(problems) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, anchor, "");
    add({YamlNode::Kind::null, place(mark)});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.add(place(mark), "", "aliases (*name) are not allowed: write the value out");
    add({YamlNode::Kind::null, place(mark)});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, anchor, tag, true);
    add({YamlNode::Kind::scalar, place(mark), value, tag == "!"});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    YamlNode node;
    std::optional<YamlNode> key;  // of a map, while its value is awaited
  };

  Place place(const YAML::Mark& mark) const { return {origin_, mark.line + 1, mark.column + 1}; }

  // yaml-cpp gives quoted scalars the tag "!", other untagged nodes "?"; anything else was written in the text.
  void check(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag, bool scalar = false) {
    if (anchor != 0) problems_.add(place(mark), "", "anchors (&name) are not allowed: write the value out");
    if (tag.empty() || tag == "?" || (scalar && tag == "!")) return;
    problems_.add(place(mark), "", fmt::format("the tag '{}' is not allowed", clipped(tag)));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    check(mark, anchor, tag);
    if (levels_.size() >= depth_limit) {
      throw YAML::ParserException(mark, fmt::format("more than {} levels deep", depth_limit));
    }
    levels_.push_back({{kind, place(mark)}, {}});
  }

  void close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::list) {
      level.node.items.push_back(std::move(node));
    } else if (!level.key) {
      level.key = std::move(node);
    } else {
      add_entry(level, std::move(node));
    }
  }

  void add_entry(Level& level, YamlNode value) {
    const YamlNode key = *std::exchange(level.key, std::nullopt);
    if (key.kind != YamlNode::Kind::scalar) {
      problems_.add(key.place, "", fmt::format("a key must be a word, this is {}", key.kind_name()));
    } else if (const YamlNode* earlier = level.node.find(key.text)) {
      problems_.add(key.place, key.text, fmt::format("is given twice; the first is at {}", earlier->key_place.text()));
    } else {
      if (level.node.entries.size() >= keys_limit) {
        throw YAML::ParserException({}, fmt::format("a mapping has more than {} keys", keys_limit));
      }
      value.key_place = key.place;
      level.node.entries.emplace_back(key.text, std::move(value));
    }
  }

  std::string origin_;
  Problems& problems_;
  std::vector<Level> levels_;
  YamlNode root_;
};

std::optional<size_t> list_index(const std::string& word) {
  size_t index = 0;
  const char* end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, index);
  if (error != std::errc() || rest != end) return std::nullopt;
  return index;
}

// Everything below a value that an override brought stands where the override stands.
void set_place(YamlNode& node, const Place& place) {
  node.place = node.key_place = place;
  for (YamlNode& item : node.items) set_place(item, place);
  for (auto& [key, value] : node.entries) set_place(value, place);
}

// The child `word` of `node`, made where it is missing; nullptr and a problem where it cannot be.
YamlNode* descend(YamlNode& node, const std::string& word, const Place& place, Problems& problems) {
  if (node.kind == YamlNode::Kind::list) {
    const auto index = list_index(word);
    if (index && *index < node.items.size()) return &node.items[*index];
    problems.add(place, "",
                 fmt::format("'{}' should be the number of one of the list's {} items, from 0", clipped(word),
                             node.items.size()));
    return nullptr;
  }
  if (node.kind == YamlNode::Kind::scalar) {
    problems.add(
        place, "",
        fmt::format("'{}' would stand below the value '{}', which has no keys", clipped(word), clipped(node.text)));
    return nullptr;
  }
  node.kind = YamlNode::Kind::map;
  if (YamlNode* found = node.find(word)) return found;
  node.entries.emplace_back(word, YamlNode{.place = place, .key_place = place});
  return &node.entries.back().second;
}

bool is_control(char c) { return (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f; }

// Adds a problem and returns false where the first bad byte is.
bool is_text(const std::string& text, const std::string& origin, Problems& problems) {
  Place place{origin, 1, 1};
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(std::string_view(text).substr(at));
    if (length == 0 || is_control(text[at])) {
      const int byte = static_cast<unsigned char>(text[at]);
      problems.add(place, "", fmt::format("byte 0x{:02x} is not text: expected YAML in UTF-8", byte));
      return false;
    }
    place.column = text[at] == '\n' ? 1 : place.column + 1;
    place.line += text[at] == '\n' ? 1 : 0;
    at += length;
  }
  return true;
}

// A tab in front of the words of line `line`, over which yaml-cpp stumbles with other words.
std::optional<Place> indenting_tab(const std::string& text, const std::string& origin, int line) {
  std::istringstream lines(text);
  std::string words;
  for (int k = 0; k < line; ++k) {
    if (!std::getline(lines, words)) return std::nullopt;
  }
  const size_t tab = words.find_first_not_of(' ');
  if (tab == words.npos || words[tab] != '\t') return std::nullopt;
  return Place{origin, line, static_cast<int>(tab) + 1};
}

std::string printable(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, '?');
  return text;
}

// What stands after an override's `=`. YAML takes a % in front for a directive; here it begins a path's strftime field.
YamlNode override_value(const std::string& text, const Place& place, Problems& problems) {
  YamlNode value{YamlNode::Kind::scalar, place, text};
  if (!text.starts_with('%')) {
    value = parse_yaml(text, place.origin, problems);
  } else {
    is_text(text, place.origin, problems);
  }
  set_place(value, place);
  return value;
}

}  // namespace

std::string Place::text() const { return line == 0 ? origin : fmt::format("{}:{}:{}", origin, line, column); }

std::string clipped(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not amid a character
  return text.substr(0, end) + "...";
}

void Problems::add(const Place& place, const std::string& key, const std::string& what) {
  problems_.push_back({place, clipped(key), what});
}

std::vector<Problem> Problems::sorted() const {
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    const bool a_override = a.place.origin.starts_with('<'), b_override = b.place.origin.starts_with('<');
    return std::tuple(a_override, a.place.line, a.place.column) < std::tuple(b_override, b.place.line, b.place.column);
  });
  return sorted;
}

std::string Problems::text() const {
  std::vector<std::string> lines;
  for (const Problem& p : sorted()) {
    if (lines.size() == problems_shown) {
      lines.push_back(fmt::format("... and {} more", count() - problems_shown));
      break;
    }
    lines.push_back(
        printable(shown_bytes(fmt::format("{}: {}{}", p.place.text(), p.key.empty() ? "" : p.key + ": ", p.what))));
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

YamlNode* YamlNode::find(const std::string& key) {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == key; });
  return found == entries.end() ? nullptr : &found->second;
}

const Place& YamlNode::place_of(const std::string& name) const {
  if (name.empty()) return place;
  if (const YamlNode* entry = find(name)) return entry->place;
  const auto item = std::find_if(items.begin(), items.end(), [&](const YamlNode& node) { return node.text == name; });
  return item == items.end() ? place : item->place;
}

const char* YamlNode::kind_name() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "a value";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a mapping";
  }
  return "unknown";
}

YamlNode parse_yaml(const std::string& text, const std::string& origin, Problems& problems) {
  if (text.size() > size_limit) {
    problems.add({origin}, "", fmt::format("{} bytes, at most {} were expected", text.size(), size_limit));
    return {};
  }
  if (!is_text(text, origin, problems)) return {};
  std::istringstream stream(text);
  TreeBuilder builder(origin, problems);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    TreeBuilder second(origin, problems);
    if (parser.HandleNextDocument(second)) {
      problems.add(second.take().place, "", "a second document begins here: expected one");
    }
  } catch (const YAML::Exception& error) {
    if (const auto tab = indenting_tab(text, origin, error.mark.line + 1)) {
      problems.add(*tab, "", "a tab indents this line: YAML is indented by blanks");
      return {};
    }
    const bool token = error.msg == YAML::ErrorMsg::UNKNOWN_TOKEN;  // yaml-cpp wants [a?b] quoted, which YAML does not
    problems.add(
        {origin, error.mark.line + 1, error.mark.column + 1}, "",
        fmt::format("is not YAML that hens reads: {}{}", error.msg,
                    token ? ": put values with ? or : between [ ] or { } in quotes, and those that begin with %" : ""));
    return {};
  }
  return builder.take();
}

bool apply_override(YamlNode& root, const std::string& text, Problems& problems) {
  const Place place{fmt::format("<override {}>", clipped(text))};
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    problems.add(place, "", "expected a.b=c");
    return false;
  }
  const size_t problems_before = problems.count();
  YamlNode value = override_value(text.substr(equals + 1), place, problems);
  if (problems.count() > problems_before) return false;
  YamlNode* node = &root;
  std::istringstream path(text.substr(0, equals));
  for (std::string word; node != nullptr && std::getline(path, word, '.');)
    node = descend(*node, word, place, problems);
  if (node != nullptr) *node = std::move(value);
  return node != nullptr;
}

}  // namespace hens
