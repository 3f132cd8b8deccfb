// Files of fields read in a process of their own (base/decoder.h): what crashes or hangs ecCodes, netCDF-C or HDF5 is
// an error that names the file, and the forecast's process never sees the bytes.
#pragma once

#include "source/file_source.h"

namespace hens {

enum class FieldFormat { grib, netcdf, makani, zarr, climatology };

// Opens files of `format` in one worker, which lives as long as the files and the opener. Errors are those of
// open_grib_file, open_netcdf_fields, open_makani_file, open_zarr_fields and open_climatology, and Error{bad_input}
// where the worker died or took too long.
OpenFieldFile isolated_opener(FieldFormat format, const ForecastChoice& choice = {});

// Opens Zarr stores, in folders and at addresses: the worker says which objects it needs, and this process brings them
// through `downloader`, which must outlive the files.
OpenFieldFile isolated_zarr_opener(const ForecastChoice& choice, Downloader& downloader);

}  // namespace hens
