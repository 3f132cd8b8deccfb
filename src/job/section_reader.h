// Reads typed values from a YAML mapping, and knows which keys nobody asked for.
//
// Each reading function takes a key's value where it is there and leaves the default where it is not; a wrong value
// becomes a problem that says what it is and what was expected. Lists take a single value for a list of one; a value
// that stands in a list twice is a problem. finish() reports unknown keys with the nearest known one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "job/job_spec.h"
#include "job/yaml_tree.h"

namespace hens {

// Names of an enumeration's values, in order.
template <typename Enum>
struct EnumNames {
  std::vector<std::pair<std::string, Enum>> names;
};

struct IntRange {
  int64_t least, most;
};
struct RealRange {
  double least, most;
};

// A name that may be that of a folder: letters a-z, digits, _ and -, not - at first, at most 64.
bool is_name(const std::string& text);

class SectionReader {
 public:
  // The section `key` (dotted name, "" at the top) that stands in `node`; null where it is absent, so that all defaults
  // hold. An empty section counts as absent. `parent` is where the section would stand.
  SectionReader(const YamlNode* node, std::string key, const Place& parent, Problems& problems);

  bool has(const std::string& key) const;
  bool text(const std::string& key, std::string& value);  // whether it took a value
  void name(const std::string& key, std::string& value);  // is_name()
  void boolean(const std::string& key, bool& value);
  void integer(const std::string& key, int& value, IntRange range);
  void integer(const std::string& key, uint64_t& value);
  void real(const std::string& key, double& value, RealRange range);
  void reals(const std::string& key, std::vector<double>& values, RealRange range);  // may be an empty list
  // Positive whole multiples of `multiple_of`, at most `most`.
  void duration(const std::string& key, Duration& value, Duration multiple_of, Duration most);
  void texts(const std::string& key, std::vector<std::string>& values, bool may_be_empty = false);
  // Those texts that `is_word` takes; `wanted` names them for messages. None twice but `repeatable`.
  void words(const std::string& key, std::vector<std::string>& values, const std::string& wanted,
             bool (*is_word)(const std::string&), const std::string& repeatable = {});
  void integers(const std::string& key, std::vector<int>& values, IntRange range);
  // Times of the years 1678 to 2261; `wanted` says which times are meant, for messages.
  void times(const std::string& key, std::vector<Time>& values, Duration multiple_of, const std::string& wanted);
  void durations(const std::string& key, std::vector<Duration>& values, Duration multiple_of);  // 0 is allowed
  // By channel, or {file: rmse.nc, lead_time: 48h, factor: 0.35, channels: [z500]}. Whether no entry was refused.
  bool amplitudes(const std::string& key, Amplitudes& values, std::optional<AmplitudeFile>& file);
  template <typename Enum>
  void choice(const std::string& key, Enum& value, const EnumNames<Enum>& names);
  SectionReader section(const std::string& key);
  const YamlNode* raw(const std::string& key);  // any node, or null

  // A key that would have no effect may only say what holds anyway, as the resolved spec does. `by` does not use it.
  template <typename T>
  void unused(const std::string& key, const T& value, const T& otherwise, const std::string& by) {
    if (!(value == otherwise)) problem(key, "is not used by " + by + ": leave it out");
  }

  // Adds a problem at the key's value, or at the section where the key is absent.
  void problem(const std::string& key, const std::string& what);
  // Adds a problem unless the key is there (or the section is no mapping, which has been said).
  void require(const std::string& key, const std::string& expected);
  std::string dotted(const std::string& key) const;
  const Place& place() const { return place_; }
  void finish();

 private:
  const YamlNode* take(const std::string& key);  // remembers the key; null where absent
  const YamlNode* take_scalar(const std::string& key);
  // A list of scalars, or one scalar. Null where the key is absent or something else stands there.
  std::optional<std::vector<const YamlNode*>> take_scalars(const std::string& key, bool may_be_empty);
  // `wanted(node)` says what was expected in a node's place.
  template <typename Value, typename Wanted, typename Parse>
  void list(const std::string& key, std::vector<Value>& values, const Wanted& wanted, bool may_be_empty,
            const Parse& parse, const Value* repeatable = nullptr);
  void expected(const YamlNode& node, const std::string& key, const std::string& what);

  const YamlNode* node_;  // a mapping or null
  std::string key_;
  Place place_;
  bool malformed_ = false;
  Problems& problems_;
  std::vector<std::string> known_;
};

// What stands in a node, for messages: the value quoted, or the kind.
std::string shown(const YamlNode& node);

template <typename Enum>
void SectionReader::choice(const std::string& key, Enum& value, const EnumNames<Enum>& names) {
  const YamlNode* node = take_scalar(key);
  if (node == nullptr) return;
  std::string all;
  for (const auto& [name, meaning] : names.names) {
    if (node->text == name) {
      value = meaning;
      return;
    }
    all += (all.empty() ? "" : ", ") + name;
  }
  expected(*node, key, "one of " + all);
}

}  // namespace hens
