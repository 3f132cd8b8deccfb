// A set of members' numbers, as ranges: what a part's sums are sums of. A value type.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace hens {

class MemberSet {
 public:
  MemberSet() = default;
  MemberSet(std::initializer_list<std::pair<int, int>> ranges);  // first and last

  void add(int first, int last);  // requires 0 <= first <= last
  void add(int member) { add(member, member); }
  void add(const MemberSet& other);

  bool empty() const { return ranges_.empty(); }
  int64_t size() const;
  bool contains(int member) const;
  bool intersects(const MemberSet& other) const { return first_common(other) >= 0; }
  bool includes(const MemberSet& other) const;
  int first_common(const MemberSet& other) const;  // -1 where they are disjoint
  int last() const { return ranges_.empty() ? -1 : ranges_.back().second; }

  // First and last of each range: ascending, neither overlapping nor adjacent.
  const std::vector<std::pair<int, int>>& ranges() const { return ranges_; }
  std::string text() const;  // "0-3,8"
  bool operator==(const MemberSet&) const = default;

 private:
  std::vector<std::pair<int, int>> ranges_;
};

nlohmann::ordered_json to_json(const MemberSet& members);  // [[0, 3], [8, 8]]
// Throws Error{bad_input} for anything but ascending, disjoint ranges of members from 0 on.
MemberSet member_set_from(const nlohmann::ordered_json& json);

}  // namespace hens
