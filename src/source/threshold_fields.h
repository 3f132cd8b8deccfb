// Thresholds that differ from point to point, of statistics: fields of a climatology's netCDF file, as the climate's
// 95th percentile.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "grid/lat_lon_grid.h"
#include "job/statistics_spec.h"

namespace hens {

// Of one channel: its variable in the file (t2m), or that level of its quantiles (t2m_quantile, or t2m, with a
// dimension quantile), [lat, lon] in the channel's units. The file is read as open_climatology() does, in a process of
// its own. Throws Error{missing_input}, or {bad_input} naming the file: it has no such variable or level, another grid,
// a value that is not finite, or values that differ by day or hour (a threshold is one for all lead times).
std::vector<float> read_threshold_field(const ThresholdField& field, const std::string& channel,
                                        const LatLonGrid& grid);

// Of all variables of an entry, one after the other.
std::string threshold_digest(const ThresholdField& field, const std::vector<std::string>& variables,
                             const LatLonGrid& grid);

}  // namespace hens
