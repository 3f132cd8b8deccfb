// All members' tracks as netCDF-4: CF's discrete sampling geometry, trajectories as a contiguous ragged array (CF-1.11,
// H.4.3). `row_size[trajectory]` points of each stand one after the other along `obs`.
#pragma once

#include <memory>

#include "tracks/product.h"

namespace hens {

// A file has to know how much comes.
std::unique_ptr<TrackProduct> track_netcdf(const fs::path& root, const fs::path& path, const TrackLayout& layout,
                                           size_t tracks, size_t points);

}  // namespace hens
