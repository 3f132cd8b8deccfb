// The metadata and coordinates of a Zarr v3 store: the bytes of every file that is not a member's, as a pure function
// of the layout. Written as zarr-python 3 writes them, consolidated in the root, so that one read opens a store.
#pragma once

#include "store/store.h"

namespace hens {

std::vector<PrescribedFile> zarr_prescribed_files(const StoreLayout& layout);

}  // namespace hens
