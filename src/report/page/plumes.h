// Plumes of places for the page: how the ensemble spreads at a place, by lead time. From the quantiles (or mean and
// standard deviation) of final statistics where the run has them; else from stored members, each a thin line.
//
// Places are those of report.places, by the nearest grid point, and the points of regions that an output or statistics
// are of, without being asked for.
#pragma once

#include "report/page/page_pictures.h"

namespace hens {

// One plume's numbers. [lead]; NaN where nothing is known.
struct Plume {
  std::string place, where, what, units, who;
  Time initial{};
  std::vector<double> hours;                   // lead times
  std::vector<double> levels;                  // of the quantiles, ascending
  std::vector<std::vector<double>> quantiles;  // [level][lead]
  std::vector<double> mean, deviation;
  std::vector<std::vector<double>> members;  // [member][lead]

  bool empty() const;  // whether there is no number to draw
};

PageChart plume_chart(const Plume& plume);

// The position in a field [lat, lon] on `grid` that is nearest to the place; none where the place lies further than a
// grid step outside of it.
std::optional<size_t> nearest_position(const LatLonGrid& grid, double lat, double lon);

void add_plumes(const fs::path& run_folder, const Manifest& manifest, PagePictures& pictures, Log& log);

}  // namespace hens
