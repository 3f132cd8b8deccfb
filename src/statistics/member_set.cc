#include "statistics/member_set.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace hens {

MemberSet::MemberSet(std::initializer_list<std::pair<int, int>> ranges) {
  for (const auto& [first, last] : ranges) add(first, last);
}

void MemberSet::add(int first, int last) {
  // The ranges that touch the new one become one with it.
  const auto begin = std::ranges::lower_bound(ranges_, first - 1, {}, &std::pair<int, int>::second);
  auto end = begin;
  for (; end != ranges_.end() && end->first <= last + 1; ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end->second);
  }
  ranges_.insert(ranges_.erase(begin, end), {first, last});
}

void MemberSet::add(const MemberSet& other) {
  for (const auto& [first, last] : other.ranges_) add(first, last);
}

int64_t MemberSet::size() const {
  int64_t size = 0;
  for (const auto& [first, last] : ranges_) size += int64_t{last} - first + 1;
  return size;
}

bool MemberSet::contains(int member) const {
  const auto range = std::ranges::lower_bound(ranges_, member, {}, &std::pair<int, int>::second);
  return range != ranges_.end() && range->first <= member;
}

bool MemberSet::includes(const MemberSet& other) const {
  return std::ranges::all_of(other.ranges_, [&](const auto& wanted) {
    const auto range = std::ranges::lower_bound(ranges_, wanted.second, {}, &std::pair<int, int>::second);
    return range != ranges_.end() && range->first <= wanted.first;
  });
}

int MemberSet::first_common(const MemberSet& other) const {
  auto a = ranges_.begin(), b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    if (std::max(a->first, b->first) <= std::min(a->second, b->second)) return std::max(a->first, b->first);
    a->second < b->second ? ++a : ++b;
  }
  return -1;
}

std::string MemberSet::text() const {
  std::string text;
  for (const auto& [first, last] : ranges_) {
    if (!text.empty()) text += ",";
    text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
  }
  return text;
}

nlohmann::ordered_json to_json(const MemberSet& members) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const auto& [first, last] : members.ranges()) json.push_back({first, last});
  return json;
}

MemberSet member_set_from(const nlohmann::ordered_json& json) {
  MemberSet members;
  int before = -1;
  for (const auto& range : json) {
    const bool pair =
        range.is_array() && range.size() == 2 && range[0].is_number_integer() && range[1].is_number_integer();
    const int64_t first = pair ? range[0].get<int64_t>() : -1, last = pair ? range[1].get<int64_t>() : -1;
    if (first <= before || last < first || last > 100'000'000) {
      fail(ExitCode::bad_input, "{} is no range of members, expected first and last, ascending", range.dump());
    }
    members.add(static_cast<int>(first), static_cast<int>(last));
    before = static_cast<int>(last);
  }
  return members;
}

}  // namespace hens
