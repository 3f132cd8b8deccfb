// Whether a field is all numbers.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace hens {

// By the bits, in one pass without branches: a step's fields are looked at while the next one computes.
inline bool all_finite(std::span<const float> field) {
  constexpr uint32_t exponent = 0x7f800000;  // all its bits set: infinite, or not a number
  uint32_t found = 0;
  const float* values = field.data();
#pragma omp simd reduction(| : found)
  for (size_t i = 0; i < field.size(); ++i) {
    found |= static_cast<uint32_t>((std::bit_cast<uint32_t>(values[i]) & exponent) == exponent);
  }
  return found == 0;
}

}  // namespace hens
