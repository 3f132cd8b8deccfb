// An analysis that needs no data: a smooth, balanced, baroclinic atmosphere with travelling waves, at any time and on
// any grid. For demos, tests and benchmarks.
//
// Zonal flow, temperature and geopotential are the balanced state of Jablonowski and Williamson (2006), QJRMS 132,
// 2943- 2975, equations 1 to 7, on pressure levels (eta = p / 1000 hPa). Two travelling waves are added to its stream
// function, in geostrophic and hydrostatic balance. Humidity is that of Ullrich et al. (2014), QJRMS 140, 1590-1602,
// equation 18. The planet has no mountains: surface pressure is mean sea level pressure.
#pragma once

#include <string>
#include <vector>

#include "grid/state.h"

namespace hens {

// The state at `valid_time`. The same arguments give the same bytes with the same C library. Knows the 74 channels of
// HENS, at any level of 1..1100 hPa; throws Error{bad_input} naming another channel.
State analytic_state(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid);

}  // namespace hens
