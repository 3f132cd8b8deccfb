#include "job/section_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/nearest.h"

namespace hens {
namespace {

// Numbers as JSON writes them: no leading zeros, which YAML 1.1 took as octal, no underscores, sexagesimals,
// infinities.
template <typename Integer>
std::optional<Integer> parse_integer(const YamlNode& node) {
  const std::string& text = node.text;
  const size_t digits = text.starts_with("-") ? 1 : 0;
  if (node.quoted || text.size() <= digits || (text[digits] == '0' && text.size() > digits + 1)) return std::nullopt;
  Integer value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

std::optional<double> parse_real(const YamlNode& node) {
  const std::string& text = node.text;
  const size_t digits = text.starts_with("-") ? 1 : 0;
  const bool octal =
      text.size() > digits + 1 && text[digits] == '0' && text[digits + 1] >= '0' && text[digits + 1] <= '9';
  if (node.quoted || text.empty() || octal) return std::nullopt;
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

constexpr double amplitude_limit = 1e9;

void read_amplitude_file(SectionReader& section, AmplitudeFile& file) {
  section.text("file", file.path);
  section.duration("lead_time", file.lead_time, std::chrono::minutes(1), std::chrono::days(10'000));
  section.real("factor", file.factor, {0.0, 1e6});
  section.texts("channels", file.channels);
  section.finish();
}

// 39.27, or "0.35 std".
std::optional<Amplitude> parse_amplitude(const YamlNode& node) {
  constexpr std::string_view unit = " std";
  YamlNode number = node;
  const bool times_std = node.text.ends_with(unit);
  if (times_std) {
    number.text.resize(node.text.size() - unit.size());
    number.quoted = false;
  }
  const auto value = parse_real(number);
  if (!value || *value < 0.0 || *value > amplitude_limit) return std::nullopt;
  return Amplitude{*value, times_std};
}

std::optional<Duration> parse_multiple(const YamlNode& node, Duration multiple_of) {
  try {
    const Duration duration = parse_duration(node.text);
    if (duration.count() % multiple_of.count() == 0) return duration;
  } catch (const Error&) {
  }
  return std::nullopt;
}

// Whole years of which int64 nanoseconds, in which xarray counts times, know every one.
constexpr Time first_time = std::chrono::sys_days(std::chrono::year(1678) / 1 / 1);
constexpr Time end_time = std::chrono::sys_days(std::chrono::year(2262) / 1 / 1);

std::optional<Time> parse_time_on(const YamlNode& node, Duration multiple_of) {
  try {
    const Time time = parse_time(node.text);
    if (time < first_time || time >= end_time) return std::nullopt;
    if (time.time_since_epoch().count() % multiple_of.count() == 0) return time;
  } catch (const Error&) {
  }
  return std::nullopt;
}

template <typename Integer>
std::optional<Integer> parse_in(const YamlNode& node, IntRange range) {
  const auto number = parse_integer<int64_t>(node);
  if (!number || *number < range.least || *number > range.most) return std::nullopt;
  return static_cast<Integer>(*number);
}

// What list() expects in the place of any node.
auto always(std::string wanted) {
  return [wanted = std::move(wanted)](const YamlNode&) { return wanted; };
}

}  // namespace

std::string shown(const YamlNode& node) {
  return node.kind == YamlNode::Kind::scalar ? fmt::format("'{}'", clipped(node.text)) : node.kind_name();
}

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 64 && text.front() != '-' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
}

SectionReader::SectionReader(const YamlNode* node, std::string key, const Place& parent, Problems& problems)
    : node_(node), key_(std::move(key)), place_(parent), problems_(problems) {
  if (node_ == nullptr) return;
  place_ = node_->place;
  if (node_->kind == YamlNode::Kind::map) return;
  if (node_->kind != YamlNode::Kind::null) {
    problems_.add(place_, key_, fmt::format("is {}, expected a mapping (key: value)", shown(*node_)));
    malformed_ = true;
  }
  node_ = nullptr;
}

std::string SectionReader::dotted(const std::string& key) const {
  return key_.empty() ? key : key.empty() ? key_ : key_ + "." + key;
}

bool SectionReader::has(const std::string& key) const { return node_ != nullptr && node_->find(key) != nullptr; }

const YamlNode* SectionReader::take(const std::string& key) {
  known_.push_back(key);
  return node_ == nullptr ? nullptr : node_->find(key);
}

void SectionReader::name(const std::string& key, std::string& value) {
  if (!text(key, value) || is_name(value)) return;
  problem(key, fmt::format("is '{}', expected letters a-z, digits, _ and -, at most 64", clipped(value)));
}

const YamlNode* SectionReader::raw(const std::string& key) { return take(key); }

void SectionReader::expected(const YamlNode& node, const std::string& key, const std::string& what) {
  problems_.add(node.place, dotted(key), fmt::format("is {}, expected {}", shown(node), what));
}

void SectionReader::problem(const std::string& key, const std::string& what) {
  const YamlNode* node = node_ == nullptr ? nullptr : node_->find(key);
  problems_.add(node == nullptr ? place_ : node->place, dotted(key), what);
}

void SectionReader::require(const std::string& key, const std::string& expected) {
  if (!has(key) && !malformed_) problem(key, "is missing: expected " + expected);
}

const YamlNode* SectionReader::take_scalar(const std::string& key) {
  const YamlNode* node = take(key);
  if (node == nullptr) return nullptr;
  if (node->kind == YamlNode::Kind::scalar) return node;
  expected(*node, key, "a single value");
  return nullptr;
}

std::optional<std::vector<const YamlNode*>> SectionReader::take_scalars(const std::string& key, bool may_be_empty) {
  const YamlNode* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind == YamlNode::Kind::scalar) return std::vector{node};
  if (node->kind != YamlNode::Kind::list || (node->items.empty() && !may_be_empty)) {
    expected(*node, key, may_be_empty ? "a list" : "a list with at least one value");
    return std::nullopt;
  }
  std::vector<const YamlNode*> scalars;
  for (const YamlNode& item : node->items) {
    if (item.kind == YamlNode::Kind::scalar) {
      scalars.push_back(&item);
    } else {
      expected(item, key, "single values in the list");
    }
  }
  return scalars;
}

template <typename Value, typename Wanted, typename Parse>
void SectionReader::list(const std::string& key, std::vector<Value>& values, const Wanted& wanted, bool may_be_empty,
                         const Parse& parse, const Value* repeatable) {
  const auto nodes = take_scalars(key, may_be_empty);
  if (!nodes) return;
  values.clear();
  std::set<Value> seen;
  for (const YamlNode* node : *nodes) {
    const std::optional<Value> value = parse(*node);
    if (!value) {
      expected(*node, key, wanted(*node));
    } else if (!seen.insert(*value).second && !(repeatable != nullptr && *value == *repeatable)) {
      problems_.add(node->place, dotted(key), fmt::format("names {} twice", shown(*node)));
    } else {
      values.push_back(*value);
    }
  }
}

bool SectionReader::text(const std::string& key, std::string& value) {
  const YamlNode* node = take_scalar(key);
  if (node != nullptr) value = node->text;
  return node != nullptr;
}

void SectionReader::boolean(const std::string& key, bool& value) {
  const YamlNode* node = take_scalar(key);
  if (node == nullptr) return;
  if (!node->quoted && (node->text == "true" || node->text == "false")) {
    value = node->text == "true";
  } else {
    expected(*node, key, "true or false");
  }
}

void SectionReader::integer(const std::string& key, int& value, IntRange range) {
  const YamlNode* node = take_scalar(key);
  if (node == nullptr) return;
  if (const auto number = parse_in<int>(*node, range)) {
    value = *number;
  } else {
    expected(*node, key, fmt::format("a whole number from {} to {}", range.least, range.most));
  }
}

void SectionReader::integer(const std::string& key, uint64_t& value) {
  const YamlNode* node = take_scalar(key);
  if (node == nullptr) return;
  if (const auto number = parse_integer<uint64_t>(*node)) {
    value = *number;
  } else {
    expected(*node, key, "a whole number from 0 to 18446744073709551615");
  }
}

void SectionReader::real(const std::string& key, double& value, RealRange range) {
  const YamlNode* node = take_scalar(key);
  if (node == nullptr) return;
  const auto number = parse_real(*node);
  if (number && *number >= range.least && *number <= range.most) {
    value = *number;
  } else {
    expected(*node, key, fmt::format("a number from {:g} to {:g}", range.least, range.most));
  }
}

void SectionReader::reals(const std::string& key, std::vector<double>& values, RealRange range) {
  list(key, values, always(fmt::format("numbers from {:g} to {:g}", range.least, range.most)), true,
       [&](const YamlNode& node) {
         const auto number = parse_real(node);
         return number && *number >= range.least && *number <= range.most ? number : std::nullopt;
       });
}

void SectionReader::duration(const std::string& key, Duration& value, Duration multiple_of, Duration most) {
  const YamlNode* node = take_scalar(key);
  if (node == nullptr) return;
  const auto duration = parse_multiple(*node, multiple_of);
  if (duration && duration->count() > 0 && *duration <= most) {
    value = *duration;
  } else {
    expected(*node, key,
             fmt::format("a duration in whole multiples of {}, at most {}, as 24h or 10d", duration_text(multiple_of),
                         duration_text(most)));
  }
}

void SectionReader::texts(const std::string& key, std::vector<std::string>& values, bool may_be_empty) {
  list(key, values, always("text"), may_be_empty,
       [](const YamlNode& node) { return node.text.empty() ? std::nullopt : std::optional(node.text); });
}

void SectionReader::words(const std::string& key, std::vector<std::string>& values, const std::string& wanted,
                          bool (*is_word)(const std::string&), const std::string& repeatable) {
  list(
      key, values, always(wanted), false,
      [&](const YamlNode& node) { return is_word(node.text) ? std::optional(node.text) : std::nullopt; }, &repeatable);
}

void SectionReader::integers(const std::string& key, std::vector<int>& values, IntRange range) {
  list(key, values, always(fmt::format("whole numbers from {} to {}", range.least, range.most)), false,
       [&](const YamlNode& node) { return parse_in<int>(node, range); });
}

void SectionReader::times(const std::string& key, std::vector<Time>& values, Duration multiple_of,
                          const std::string& wanted) {
  const auto expected_time = [&](const YamlNode& node) {
    const std::string utc = other_offset_in_utc(node.text);
    return utc.empty() ? wanted : fmt::format("UTC, in which it is {}", utc);
  };
  list(key, values, expected_time, false, [&](const YamlNode& node) { return parse_time_on(node, multiple_of); });
}

void SectionReader::durations(const std::string& key, std::vector<Duration>& values, Duration multiple_of) {
  list(key, values,
       always(fmt::format("durations in whole multiples of {}, as 24h or 10d", duration_text(multiple_of))), false,
       [&](const YamlNode& node) { return parse_multiple(node, multiple_of); });
}

bool SectionReader::amplitudes(const std::string& key, Amplitudes& values, std::optional<AmplitudeFile>& file) {
  const YamlNode* node = take(key);
  if (node == nullptr) return true;
  if (node->kind != YamlNode::Kind::map) {
    expected(*node, key, "a mapping of channels to amplitudes, as {z500: 39.27}");
    return false;
  }
  values.clear();
  const size_t problems_before = problems_.count();
  if (node->find("file") != nullptr) {
    SectionReader section(node, dotted(key), place_, problems_);
    read_amplitude_file(section, file.emplace());
    return problems_.count() == problems_before;
  }
  for (const auto& [channel, entry] : node->entries) {
    const auto amplitude = entry.kind == YamlNode::Kind::scalar ? parse_amplitude(entry) : std::nullopt;
    if (amplitude) {
      values[channel] = *amplitude;
    } else {
      expected(entry, key + "." + channel,
               fmt::format("a number of at least 0 and at most {:g} in the channel's units, or a multiple of its "
                           "standard deviation as '0.35 std'",
                           amplitude_limit));
    }
  }
  return problems_.count() == problems_before;
}

SectionReader SectionReader::section(const std::string& key) {
  const YamlNode* node = take(key);
  return {node, dotted(key), place_, problems_};
}

void SectionReader::finish() {
  if (node_ == nullptr) return;
  for (const auto& [key, value] : node_->entries) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    problems_.add(
        value.key_place, dotted(key),
        fmt::format("is no key here{}; known are {}", did_you_mean(clipped(key), known_), fmt::join(known_, ", ")));
  }
}

}  // namespace hens
