// Who a member is: the one name by which plan, roll-out, markers and reports speak of it.
#pragma once

#include <compare>
#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hens {

// A number that counts one kind of thing and is not mistaken for another's: made from an int by name, read as an int
// anywhere.
template <typename Kind>
class Index {
 public:
  constexpr Index() = default;
  constexpr explicit Index(int value) : value_(value) {}
  constexpr operator int() const { return value_; }
  constexpr auto operator<=>(const Index&) const = default;

  friend void to_json(nlohmann::json& json, const Index& index) { json = index.value_; }
  friend void to_json(nlohmann::ordered_json& json, const Index& index) { json = index.value_; }
  friend void from_json(const nlohmann::json& json, Index& index) { json.get_to(index.value_); }
  friend void from_json(const nlohmann::ordered_json& json, Index& index) { json.get_to(index.value_); }

 private:
  int value_ = 0;
};

using LengthIndex = Index<struct LengthKind>;   // into forecast.steps
using ModelIndex = Index<struct ModelKind>;     // into models
using TimeIndex = Index<struct TimeKind>;       // into initial_conditions.times
using MemberNumber = Index<struct MemberKind>;  // 0 .. ensemble.members - 1

// One member: the unit of work, of durability and of reproducibility. In running order.
struct MemberId {
  LengthIndex length;
  ModelIndex model;
  TimeIndex time;
  MemberNumber member;
  auto operator<=>(const MemberId&) const = default;
};

// Members of one number share their breeding: 2j and 2j+1 are + and - of pair j. Behind a control, which is member 0
// and shares with nobody, they are 2j-1 and 2j.
constexpr int breeding_group(int member, bool control) { return (member + (control ? 1 : 0)) / 2; }

// From plain numbers, in the order of the fields.
constexpr MemberId member_id(int length, int model, int time, int member) {
  return {LengthIndex(length), ModelIndex(model), TimeIndex(time), MemberNumber(member)};
}

}  // namespace hens

template <typename Kind>
struct fmt::formatter<hens::Index<Kind>> : fmt::formatter<int> {
  template <typename Context>
  auto format(const hens::Index<Kind>& index, Context& context) const {
    return fmt::formatter<int>::format(index, context);
  }
};
