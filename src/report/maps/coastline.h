// Coastlines for the maps, from the GSHHG data that Debian installs (package gmt-gshhg-low; GSHHG is LGPL, Wessel and
// Smith, J. Geophys. Res. 101, 1996). Nothing of it is part of hens: the file is read where it is there, and without it
// a map has no coastlines.
//
// The file is netCDF-4: the globe in bins of some degrees, each bin a run of segments, each segment a run of points.
// Thread-safe (netCDF is called under its lock).
#pragma once

#include <optional>
#include <vector>

#include "base/files.h"
#include "report/maps/map_projection.h"

namespace hens {

// A line that stays within one bin: it crosses neither a pole nor the 180th meridian.
struct CoastSegment {
  bool lake = false;             // shore of a lake, else of the sea
  double area = 0.0;             // km2 of the land or lake it bounds
  std::vector<GeoPoint> points;  // at least two; lon within [-180, 180]
};

// The low-resolution file (5 km; a map's pixel is 40 km) in the folders where distributions install it, if any.
std::optional<fs::path> find_gshhg();

// Shores of seas and lakes that bound at least `least_area` km2; Antarctica by its ice front.
// Throws Error{missing_input}, and Error{bad_input} naming the file and the variable that is not as it should be.
std::vector<CoastSegment> read_gshhg(const fs::path& file, double least_area);

}  // namespace hens
