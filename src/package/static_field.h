// One static field of a package in its netCDF file: orography.nc (Z), land_mask.nc (LSM).
//
// The one place of this folder that knows netCDF-C, which is not thread-safe: one thread at a time in a process.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "grid/lat_lon_grid.h"

namespace hens {

// Variable `name` as [lat, lon], finite. Its file may be netCDF-4 or classic, with axes of one element in front. Throws
// Error{missing_input}, or {bad_input} naming the file and variable: another grid or orientation, packed or missing
// values. The file is read in a process of its own (base/decoder.h).
std::vector<float> read_static_field(const fs::path& path, const std::string& name, const LatLonGrid& grid);

struct StaticField {
  std::string name, units, long_name;  // Z, m**2 s**-2
  std::span<const float> values;       // [lat, lon]
};

// Publishes netCDF-4, name[time 1, latitude, longitude] float32. The same bytes for the same field and libraries.
void write_static_field(const fs::path& path, const StaticField& field, const LatLonGrid& grid);

}  // namespace hens
