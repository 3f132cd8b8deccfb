// The integers that statistics are made of: fixed point for sums, an absolute lattice for histograms. Pure functions,
// the same bits on the host and on the GPU: only operations that IEEE 754 rounds correctly, and no product that is
// added to (which a compiler could fuse).
//
// Fixed point: q = round_half_even((x - offset) * 2^k), |q| < 2^24, by kind of variable. For temperature, pressure and
// geopotential that is the spacing of float32 itself; for the others far below what an engine's step is worth. Then
// sums are exact, and neither order nor split of the members can change a byte of them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include "base/host_device.h"

namespace hens {

struct FixedPoint {
  double offset = 0.0;
  double scale = 1.0;  // 2^k
  bool operator==(const FixedPoint&) const = default;
};

inline constexpr double fixed_limit = 16'777'216.0;  // 2^24
inline constexpr int32_t out_of_range = INT32_MIN;

// The integer of `x`; out_of_range where that would not be below 2^24 in size, or x is no number: not a forecast.
HENS_HOST_DEVICE int32_t fixed_of(FixedPoint point, float x) {
  const double q = rint((static_cast<double>(x) - point.offset) * point.scale);
  return fabs(q) < fixed_limit ? static_cast<int32_t>(q) : out_of_range;
}

// Bins of a histogram, numbered from minus to plus, the same for all points and for ever.
//   width > 0: bin b is [b width, (b + 1) width)
//   width = 0: 32 bins an octave, each 1.6 to 3.1 % wide, from 2^-30 on; bin 0 is [0, 2^-30); negative values mirrored
struct Lattice {
  double width = 0.0;
  bool operator==(const Lattice&) const = default;
};

inline constexpr int32_t first_octave_bits = (127 - 30) << 5;  // of 2^-30, to five bits of mantissa

HENS_HOST_DEVICE uint32_t bits_of(float x) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(x);
#else
  return std::bit_cast<uint32_t>(x);
#endif
}

// Requires a finite x.
HENS_HOST_DEVICE int32_t bin_of(Lattice lattice, float x) {
  if (lattice.width > 0.0) {
    const double bin = floor(static_cast<double>(x) / lattice.width);
    return static_cast<int32_t>(fmin(fmax(bin, -1073741824.0), 1073741823.0));
  }
  const auto bits = static_cast<int32_t>(bits_of(fabsf(x)) >> 18);
  const int32_t bin = bits < first_octave_bits ? 0 : bits - first_octave_bits + 1;
  return x < 0.0f ? -1 - bin : bin;
}

double lower_edge(Lattice lattice, int32_t bin);  // of bin b + 1: the upper edge of bin b

// How the values of one kind of variable become integers.
struct Kind {
  FixedPoint fixed;
  Lattice lattice;
};

// By the quantity and level of a channel or derived variable (grid/derived_variables.h). Throws Error{bad_spec} for
// what has no lattice.
Kind kind_of(const std::string& channel);

// The fixed point of sums of `count` values: as many times the offset, and fewer bits, so that what fits for one value
// fits for their sum.
FixedPoint fixed_point_of_sum(FixedPoint single, int count);

// The narrowest bins that a histogram of such values may have: 65,536 over the whole range.
double narrowest_width(FixedPoint fixed);

}  // namespace hens
