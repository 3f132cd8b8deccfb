#include "base/json.h"

#include <set>
#include <vector>

#include "base/error.h"

namespace hens {
namespace {

// Brackets outside of strings. Damaged text counts wrongly and is refused by the parser.
int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if (c == ']' || c == '}') --depth;
  }
  return deepest;
}

// Follows the parser through the objects that are open.
class RepeatedKeys {
 public:
  template <typename Event, typename Json>
  void see(Event event, const Json& parsed) {
    if (event == Event::object_start) open_.emplace_back();
    if (event == Event::object_end) open_.pop_back();
    if (event == Event::key && !open_.back().insert(parsed.template get_ref<const std::string&>()).second) {
      if (repeated_.empty()) repeated_ = parsed.template get<std::string>();
    }
  }
  const std::string& first() const { return repeated_; }

 private:
  std::vector<std::set<std::string>> open_;
  std::string repeated_;
};

// A JSON text, or why it is none.
template <typename Json>
std::optional<Json> parse(std::string_view text, std::string& why) {
  if (depth_of(text) > deepest_json) {
    why = fmt::format("nested more than {} deep", deepest_json);
    return std::nullopt;
  }
  RepeatedKeys keys;
  try {
    Json json = Json::parse(text, [&](int, typename Json::parse_event_t event, const Json& parsed) {
      keys.see(event, parsed);
      return true;
    });
    if (keys.first().empty()) return json;
    why = fmt::format("key '{}' is there twice", keys.first());
  } catch (const typename Json::exception& error) {
    why = error.what();
  }
  return std::nullopt;
}

}  // namespace

template <typename Json>
Json parse_json(std::string_view text, const std::string& origin) {
  std::string why;
  if (auto json = parse<Json>(text, why)) return std::move(*json);
  fail(ExitCode::bad_input, "{}: is no JSON: {}", origin, why);
}

template <typename Json>
std::optional<Json> try_parse_json(std::string_view text) {
  std::string why;
  return parse<Json>(text, why);
}

template nlohmann::json parse_json(std::string_view, const std::string&);
template nlohmann::ordered_json parse_json(std::string_view, const std::string&);
template std::optional<nlohmann::json> try_parse_json(std::string_view);
template std::optional<nlohmann::ordered_json> try_parse_json(std::string_view);

}  // namespace hens
