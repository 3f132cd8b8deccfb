// One value into one pair's sums: the text that the host's loop and the GPU's kernel share, so that both make the same
// integers.
#pragma once

#include <cstddef>

#include "statistics/pair.h"

namespace hens {

// Where the sums of one pair lie. Null: not kept.
struct PairView {
  FixedPoint fixed;
  Lattice lattice;
  int thresholds = 0;
  Threshold threshold[most_thresholds];
  const float* threshold_fields = nullptr;  // [threshold][point]: in the place of their numbers
  size_t points = 0;
  int64_t* sum = nullptr;       // [point]
  uint64_t* squares = nullptr;  // [point]
  uint64_t* lowest = nullptr;   // [point]
  uint64_t* highest = nullptr;  // [point]
  uint16_t* above = nullptr;    // [threshold][point]
  int32_t* base = nullptr;      // [point]
  uint16_t* bins = nullptr;     // [point][window_bins]
};

// False, and nothing changed, where `x` is no value of a forecast. `outlier(point, bin)` takes what lies outside of a
// point's window.
template <typename Outliers>
HENS_HOST_DEVICE bool accumulate(const PairView& pair, size_t point, float x, uint32_t member, Outliers&& outlier) {
  const int32_t q = fixed_of(pair.fixed, x);
  if (q == out_of_range) return false;
  if (pair.sum != nullptr) {
    pair.sum[point] += q;
    pair.squares[point] += static_cast<uint64_t>(static_cast<int64_t>(q) * q);
  }
  if (pair.lowest != nullptr) {
    const uint64_t low = lowest_key(x, member), high = highest_key(x, member);
    if (low < pair.lowest[point]) pair.lowest[point] = low;
    if (high > pair.highest[point]) pair.highest[point] = high;
  }
  for (int k = 0; k < pair.thresholds; ++k) {
    const size_t place = static_cast<size_t>(k) * pair.points + point;
    Threshold threshold = pair.threshold[k];
    if (pair.threshold_fields != nullptr) threshold.value = pair.threshold_fields[place];
    if (is_event(threshold, x)) ++pair.above[place];
  }
  if (pair.base != nullptr) {
    const int32_t bin = bin_of(pair.lattice, x);
    if (pair.base[point] == no_base) pair.base[point] = bin - window_bins / 2;
    const int64_t slot = static_cast<int64_t>(bin) - pair.base[point];
    if (slot >= 0 && slot < window_bins) {
      ++pair.bins[point * window_bins + static_cast<size_t>(slot)];
    } else {
      outlier(static_cast<uint32_t>(point), bin);
    }
  }
  return true;
}

// A step of a window: `before` is what the steps before this one made, in double precision. What is no number stays
// none.
HENS_HOST_DEVICE double reduced(Reduce reduce, bool first, double before, float x) {
  const double value = x;
  if (first || value != value) return value;
  if (before != before) return before;
  switch (reduce) {
    case Reduce::max:
      return before > value ? before : value;
    case Reduce::min:
      return before < value ? before : value;
    default:
      return before + value;
  }
}

// The window's value, rounded once.
HENS_HOST_DEVICE float finished(Reduce reduce, double all, int count) {
  return static_cast<float>(reduce == Reduce::mean ? all / count : all);
}

}  // namespace hens
