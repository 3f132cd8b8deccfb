// makani's training data as analyses: an HDF5 file with a dataset `fields` [time, channel, lat, lon].
//
// The one place of this folder that knows HDF5. Every call is made under the NetcdfLock, so all functions are
// thread-safe. Compression is undone by hdf5_filters.h.
#pragma once

#include "source/file_source.h"

namespace hens {

// Times come from the dataset `timestamp` (seconds since 1970, UTC) where makani wrote it; else the file must hold one
// whole year named by the file (2018.h5) in equal steps of whole hours. Channels come from the dataset `channel`, else
// the file has exactly the channels asked for, in their order. Rows and columns come from `lat` and `lon`, else they
// are those asked for. Throws Error{bad_input} naming `origin`.
std::unique_ptr<FieldFile> open_makani_file(const fs::path& path, const std::string& origin);

}  // namespace hens
