// The metadata and coordinates of a Zarr v3 store: the bytes of every file that is not a member's, as a pure function
// of the layout. Written as zarr-python 3 writes them, consolidated in the root, so that one read opens a store.
#pragma once

#include "store/coordinates.h"

namespace hens {

std::vector<PrescribedFile> zarr_files(const std::vector<Coordinate>& coordinates,
                                       const std::vector<FieldArray>& fields, const nlohmann::ordered_json& attributes,
                                       Compression compression);

// Those of a store of members.
std::vector<PrescribedFile> zarr_prescribed_files(const StoreLayout& layout);

}  // namespace hens
