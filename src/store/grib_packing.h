// Fields as sections 5, 6 and 7 of GRIB2: whole numbers, which libaec compresses without loss (CCSDS 121.0-B, template
// 5.42).
//
// A value is stored as q 2^E, q = round_half_even(value / 2^E), |q| <= 2^24: on one lattice for all fields of a
// variable, whatever their range. So it is at most half a quantum off, equal values stay equal from field to field,
// and packing what was unpacked gives the same bytes. In the terms of GRIB2 (R + X 2^E) / 10^D: R is the lowest value
// (of at most 24 bits, so exact in its float32), X = q - lowest q, D = 0. NaN is missing: the bitmap's zeros.
// Pure functions; ecCodes is not asked, so that as many fields are packed at a time as there are threads.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace hens {

struct GribPacking {
  int exponent = 0;    // E, at least -126; where a field does not fit 24 bits with it, the next with which it does
  int bits = 0;        // 1..24: the finest E with which X fits so many bits instead; 0: what `exponent` needs
  double scale = 1.0;  // of the values before packing
};

inline constexpr int most_grib_bits = 24;

// Appends the sections of `field` to `message`. Throws Error{not_finite} where a value is infinite.
void pack_grib_field(std::span<const float> field, const GribPacking& packing, std::vector<std::byte>& message);

// The values of a message that was made so, divided by `scale`; NaN where missing. False where it is no such message,
// or of another number of values: nothing of it is trusted.
bool unpack_grib_field(std::span<const std::byte> message, double scale, std::span<float> field);

}  // namespace hens
