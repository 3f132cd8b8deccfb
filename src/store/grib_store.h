// Forecasts as GRIB2: one file a member and initial time, 20240101T00_member_0000.grib2, or one a lead time of each,
// 20240101T00_member_0000_step_0006.grib2 (hours), with an index beside it (grib_index.h). A message is a field; they
// stand lead by lead, in the order of the layout's variables. docs/grib.md says which codes and packing.
//
// Fields are packed by the threads that bring them, several of a member at a time, and written in order: the bytes
// depend on the layout and the fields alone.
#pragma once

#include "store/store.h"

namespace hens {

// Requires variables with GRIB2 codes (grid/grib_codes.h) and a grid.
std::unique_ptr<Store> open_grib_store(const fs::path& folder, const StoreLayout& layout);

}  // namespace hens
