// Forecasts as netCDF-4: one file a member and initial time, 20240101T00_member_0000.nc, with the names, coordinates
// and attributes of the Zarr stores, or of the layout cf (store/store_arrays.h);
// xarray.open_mfdataset(combine="by_coords") joins them.
//
// Chunks are fields, with HDF5's Fletcher-32 checksum. Compression none writes them as they are; lz4 and zstd are not
// known to netCDF without plug-ins and both mean deflate, level 1, bytes shuffled.
//
// netCDF-C writes where it likes in a file, so it works on an unnamed scratch file in the store's folder, which is then
// copied into place: twice the writing and, until a member is done, twice its room. The bytes depend on the order of
// append() across variables; hens writes lead by lead.
#pragma once

#include "store/store.h"

namespace hens {

std::unique_ptr<Store> open_netcdf_store(const fs::path& folder, const StoreLayout& layout);

}  // namespace hens
