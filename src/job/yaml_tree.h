// YAML text as a tree that remembers where everything stood, for error messages with line and column.
//
// A strict subset of YAML 1.2: one document in UTF-8, no anchors, aliases, tags or duplicate keys; keys are scalars.
// Only yaml_tree.cc knows yaml-cpp. The text may be hostile: its size, depth, keys per mapping and the messages about
// it are bounded. Nothing here is shared between threads.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hens {

// Where a node stood: "file:3:7", or "<override a.b=c>".
struct Place {
  std::string origin;
  int line = 0, column = 0;  // from 1; 0: no position
  std::string text() const;
};

struct Problem {
  Place place;
  std::string key, what;
};

// Everything wrong with a spec. Control characters, which could play with a terminal, become question marks.
class Problems {
 public:
  void add(const Place& place, const std::string& key, const std::string& what);
  bool empty() const { return problems_.empty(); }
  size_t count() const { return problems_.size(); }
  std::vector<Problem> sorted() const;  // those of the file by position, then those of overrides
  // A line each, as `file:line:column: key: what`, sorted; of more than a hundred only the first hundred, and the
  // number of the others.
  std::string text() const;

 private:
  std::vector<Problem> problems_;
};

// At most `limit` bytes of `text`, with an ellipsis where something was cut off.
std::string clipped(const std::string& text, size_t limit = 80);

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  Place place;
  std::string text;                                       // of a scalar
  bool quoted = false;                                    // a quoted scalar is always a string
  std::vector<YamlNode> items;                            // of a list
  std::vector<std::pair<std::string, YamlNode>> entries;  // of a map, in order
  Place key_place;                                        // of the key whose value this is; else empty

  YamlNode* find(const std::string& key);  // of a map; nullptr where it is not there
  const YamlNode* find(const std::string& key) const { return const_cast<YamlNode*>(this)->find(key); }
  // Where the entry or item `name` stands; where there is none, or `name` is empty, the node itself.
  const Place& place_of(const std::string& name) const;
  const char* kind_name() const;  // "a mapping", "a list", "a value", "nothing"
};

// Parses `text` (at most 1 MiB, 32 levels deep, 1000 keys a mapping); what is wrong goes to `problems`, what is right
// is returned: nothing, where the text is not YAML.
YamlNode parse_yaml(const std::string& text, const std::string& origin, Problems& problems);

// Applies "a.b=c": finds or makes the mapping keys (numbers index lists, from 0) and puts the YAML value c there. What
// c brings stands at "<override a.b=c>". False where it could not be put there, which went to `problems`.
bool apply_override(YamlNode& root, const std::string& text, Problems& problems);

}  // namespace hens
