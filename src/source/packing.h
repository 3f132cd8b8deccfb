// How stored values become numbers, as the netCDF User's Guide and CF have it: `_Unsigned` first, then what stands for
// no value, then scale_factor and add_offset. Pure functions.
#pragma once

#include <limits>
#include <vector>

namespace hens {

struct Packing {
  static constexpr double infinite = std::numeric_limits<double>::infinity();

  double scale = 1, offset = 0;
  double wrap = 0;              // of _Unsigned: 2^bits
  bool is_unsigned = false;     // what stored values are to be read as, where wrap is set
  bool single = false;          // stored as float: attributes of double precision are rounded like the values
  std::vector<double> missing;  // stored values
  double low = -infinite, high = infinite;  // valid stored values
  double unpacked_low = -infinite, unpacked_high = infinite;

  double stored(double value) const;  // as it is stored, `value` being as the type or an attribute has it
  double value(double raw) const;     // NaN where no value stands
  bool changes_nothing() const;       // value(raw) is raw for all
};

}  // namespace hens
