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

bool Packing::changes_nothing() const {
  const bool unbounded = low == -infinite && high == infinite && unpacked_low == -infinite && unpacked_high == infinite;
  return scale == 1 && offset == 0 && wrap == 0 && unbounded &&
         std::ranges::all_of(missing, [](double mark) { return std::isnan(mark); });
}

}  // namespace hens
