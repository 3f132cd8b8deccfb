#include "statistics/lattice.h"

#include <bit>

#include "base/error.h"
#include "grid/derived_variables.h"

namespace hens {
namespace {

double power_of_two(int k) { return std::ldexp(1.0, k); }

Kind kind(double offset, int k, double width) { return {{offset, power_of_two(k)}, {width}}; }

// The lower edge of bin b >= 0 of the logarithmic lattice.
double octave_edge(int32_t bin) {
  if (bin == 0) return 0.0;
  return std::bit_cast<float>(static_cast<uint32_t>(bin - 1 + first_octave_bits) << 18);
}

}  // namespace

double lower_edge(Lattice lattice, int32_t bin) {
  if (lattice.width > 0.0) return bin * lattice.width;
  return bin >= 0 ? octave_edge(bin) : -octave_edge(-bin);
}

// Ranges: temperature 250 +- 512 K; pressure at the surface to 131 kPa; geopotential -19.5e3 to 111.5e3 m2 s-2 from
// 300 hPa down, 19e3 to 281e3 above; wind 256 m s-1; column water 256 kg m-2; humidity 6.3 %, above 300 hPa 0.098 %.
// Of derived variables: relative humidity and vapour pressure deficit 256 % and 512 hPa; heat index 250 +- 1024 K;
// vapour transport 8192 kg m-1 s-1; thickness -384 m to 32.3 km, in steps of 1 mm.
Kind kind_of(const std::string& channel) {
  const ChannelInfo info = variable_info(channel);
  const std::string& quantity = info.quantity;
  const bool high = info.level.value_or(1000) < 300;
  if (quantity == "t" || quantity == "t2m" || quantity == "d2m") return kind(250.0, 15, 0.5);
  if (quantity == "sp" || quantity == "msl") return kind(0.0, 7, 50.0);
  if (quantity == "z") return high ? kind(150'000.0, 7, 50.0) : kind(46'000.0, 8, 50.0);
  if (quantity == "tcwv") return kind(0.0, 16, 0.5);
  if (quantity == "q") return kind(0.0, high ? 34 : 28, 0.0);
  if (quantity == "w") return kind(0.0, 18, 0.05);
  if (quantity == "r") return kind(0.0, 16, 2.0);
  if (quantity == "vpd") return kind(0.0, 15, 0.5);
  if (quantity == "heat_index") return kind(250.0, 14, 0.5);
  if (quantity == "ivt") return kind(0.0, 11, 5.0);
  if (quantity == "thickness") return kind(16'000.0, 10, 5.0);
  if (info.units == "m s-1") return kind(0.0, 16, 0.25);
  fail(ExitCode::bad_spec, "statistics of '{}': no lattice is known for {} [{}]: leave the variable out", channel,
       info.long_name, info.units);
}

FixedPoint fixed_point_of_sum(FixedPoint single, int count) {
  const int bits = std::bit_width(static_cast<unsigned>(count - 1));  // count <= 2^bits
  return {single.offset * count, single.scale / power_of_two(bits)};
}

double narrowest_width(FixedPoint fixed) { return 2.0 * fixed_limit / fixed.scale / 65'536.0; }

}  // namespace hens
