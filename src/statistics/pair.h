// One (variable, lead time) pair of a forecast, the unit of statistics: what is kept of it, and its sums in host
// memory.
//
// A set of integers and the set of members in it: merging is addition (or minimum, maximum) over disjoint sets of
// members. Plain data; nothing here is shared between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "job/statistics_spec.h"
#include "statistics/lattice.h"

namespace hens {

inline constexpr int window_bins = 128;      // of a histogram, at each point, that are kept in memory
inline constexpr int most_thresholds = 16;   // of one pair
inline constexpr int most_members = 65'535;  // in one set: counts are of 16 bits, and squares of 48 in 64

struct Threshold {
  float value = 0.0f;  // in the variable's units
  Exceedance comparison = Exceedance::at_least;
  bool operator==(const Threshold&) const = default;
};

HENS_HOST_DEVICE bool is_event(Threshold threshold, float x) {
  return threshold.comparison == Exceedance::at_least ? x >= threshold.value : x > threshold.value;
}

struct PairPlan {
  FixedPoint fixed;
  bool moments = false, extremes = false;
  std::vector<Threshold> thresholds;
  // Names the fields that are the thresholds' values, point by point, in `thresholds`' order: one for each
  // (ThresholdValues in accumulator.h). Empty: they are the numbers above, the same everywhere.
  std::string threshold_fields = {};
  bool counts_events_of_numbers() const { return !thresholds.empty() && threshold_fields.empty(); }
  std::optional<Lattice> histogram;
  Reduce reduce = Reduce::none;
  int window = -1;  // of the memory that a reduction needs; the pairs of one variable share it, one after the other
  bool operator==(const PairPlan&) const = default;
};

// Two texts are the same where the sums mean the same.
std::string text_of(const PairPlan& plan);

// A value whose bin is outside of its point's window.
struct Outlier {
  uint32_t point = 0;
  int32_t bin = 0;
  auto operator<=>(const Outlier&) const = default;
};

// An extreme and who made it, in one integer: the value in the high half, ordered as integers are, and the member in
// the low half; of equal values the lowest member counts.
HENS_HOST_DEVICE uint32_t ordered_bits(float x) {
  const uint32_t bits = bits_of(x == 0.0f ? 0.0f : x);  // -0 is 0
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
HENS_HOST_DEVICE uint64_t lowest_key(float x, uint32_t member) {
  return static_cast<uint64_t>(ordered_bits(x)) << 32 | member;
}
HENS_HOST_DEVICE uint64_t highest_key(float x, uint32_t member) {
  return static_cast<uint64_t>(ordered_bits(x)) << 32 | static_cast<uint32_t>(~member);
}
float value_of(uint64_t key);

inline constexpr uint64_t no_lowest = ~uint64_t{0}, no_highest = 0;  // of no member at all
inline constexpr int32_t no_base = -0x7F7F7F80;                      // four bytes 0x80: farther out than any bin

// The sums of one pair at `points` points. Vectors of what the plan does not keep are empty.
struct PairSums {
  std::vector<int64_t> sum;       // [point] of q
  std::vector<uint64_t> squares;  // [point] of q^2
  std::vector<uint64_t> lowest;   // [point] lowest_key
  std::vector<uint64_t> highest;  // [point] highest_key
  std::vector<uint16_t> above;    // [threshold][point] events
  std::vector<int32_t> base;      // [point] bin of the window's first count; no_base before the first value
  std::vector<uint16_t> bins;     // [point][window_bins]
  std::vector<Outlier> outliers;  // one a value, in no order

  PairSums() = default;
  PairSums(const PairPlan& plan, size_t points);  // of no member

  // Makes the vectors as long as the plan's sums are. What is in them then is not said; memory is used again.
  void resize(const PairPlan& plan, size_t points);
};

// The counts of one pair's histogram at consecutive points: from the first to the last bin that is not zero.
struct Spans {
  std::vector<int32_t> first;    // [point]
  std::vector<uint32_t> length;  // [point], 0 where nothing was counted
  std::vector<uint16_t> counts;  // one point after the other
};

// Of points [begin, end). Sorts the outliers of `sums` where they are not: several threads may ask once they are.
Spans spans_of(PairSums& sums, size_t begin, size_t end);
// The inverse, for points from `begin` on: sets their windows, and appends what lies outside of them.
void put_spans(PairSums& sums, const Spans& spans, size_t begin);

}  // namespace hens
