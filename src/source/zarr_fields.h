// A Zarr v3 store as fields: a forecast of hens, or a store laid out as one.
#pragma once

#include "source/file_source.h"

namespace hens {

// Arrays are named by channel, with dimensions lat and lon (or latitude, longitude), time, lead_time, and an ensemble
// of one member. Times are CF's; of several forecasts valid at one time that with the shortest lead is taken. Units are
// converted as those of netCDF files are. Throws Error{bad_input} naming `origin`: no Zarr v3 store, an ensemble of
// several, another grid, unknown units.
std::unique_ptr<FieldFile> open_zarr_fields(const fs::path& folder, const std::string& origin);

}  // namespace hens
