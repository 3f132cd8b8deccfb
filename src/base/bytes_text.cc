#include "base/bytes_text.h"

#include <array>

#include <fmt/format.h>

namespace hens {

std::string bytes_text(uint64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024.0 && unit + 1 < units.size(); ++unit) value /= 1024.0;
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : value < 10.0 ? 2 : 1, units[unit]);
}

}  // namespace hens
