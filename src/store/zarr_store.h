// Forecasts as a Zarr v3 store: one shard file a member and variable (store/shard.h), or one file a field
// (store/chunk_files.h); metadata of the layout alone (store/zarr_metadata.h). Opens in xarray, zarr-python and
// TensorStore, without shards in GDAL, too. Requires a layout other than cf.
#pragma once

#include "store/store.h"

namespace hens {

std::unique_ptr<Store> open_zarr_store(const fs::path& folder, const StoreLayout& layout);

}  // namespace hens
