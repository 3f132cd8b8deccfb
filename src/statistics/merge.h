// Adds parts up, tile by tile: the result does not depend on the order, and memory is that of one tile of one pair.
#pragma once

#include <vector>

#include "statistics/final_values.h"
#include "statistics/part.h"

namespace hens {

// A part, and what its members are called in the sum: number n of it is `first_member` + n.
struct PartSource {
  const PartReader* part = nullptr;
  uint32_t first_member = 0;
  std::vector<int> pairs = {};  // [pair] of the sum: which of the part's it is; empty: the same

  int pair(int of_sum) const { return pairs.empty() ? of_sum : pairs.at(static_cast<size_t>(of_sum)); }
};

// The sums of one pair at the points of one tile over any number of members.
struct TileTotals {
  int64_t members = 0;
  std::vector<int64_t> sum;
  std::vector<Wide> squares;
  std::vector<uint64_t> lowest, highest;
  std::vector<uint32_t> above;  // [threshold][point of the tile]
  std::vector<int32_t> first;   // [point] of its first bin
  std::vector<uint64_t> begin;  // [point + 1] where its counts begin
  std::vector<uint32_t> counts;
};

// Requires parts of disjoint sets of members that hold() the plan; the pairs that make one sum keep the same.
TileTotals merge_tile(const std::vector<PartSource>& parts, const std::vector<PairPlan>& plan, int pair, size_t tile);

// Members that two parts of one forecast have in common are an Error{bad_input} naming both files and a member.
void refuse_overlaps(const std::vector<const PartReader*>& parts);

// Of parts of one forecast those that together hold the most members, no member twice: larger ones first. What a
// process left that was stopped between publishing a part and removing the one that it replaces, or that did the same
// members as another, is not among them.
std::vector<const PartReader*> disjoint_parts(std::vector<const PartReader*> parts);

}  // namespace hens
