#include "source/packing.h"

#include <algorithm>
#include <cmath>

namespace hens {

double Packing::stored(double value) const {
  if (wrap > 0 && is_unsigned && value < 0) return value + wrap;
  if (wrap > 0 && !is_unsigned && value >= wrap / 2) return value - wrap;
  return single ? static_cast<double>(static_cast<float>(value)) : value;
}

double Packing::value(double raw) const {
  const double there = stored(raw);
  if (!(there >= low && there <= high) || std::ranges::find(missing, there) != missing.end()) return std::nan("");
  const double value = there * scale + offset, half_step = std::abs(scale) / 2;
  return value >= unpacked_low - half_step && value <= unpacked_high + half_step ? value : std::nan("");
}

}  // namespace hens
