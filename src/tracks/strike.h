// Where cyclones strike, and where they are born: counts of members on the grid, and the map that they become.
//
// A member strikes a point where one of its cyclones' ways, great circles from point to point of a track, comes within
// the radius (120 km is ECMWF's), at any time of the forecast. A cyclone is born at the grid point nearest to the first
// point of its track; those that are there in the initial state are not born in the forecast.
#pragma once

#include <cstdint>
#include <memory>

#include "tracks/product.h"

namespace hens {

class StrikeCounter {
 public:
  StrikeCounter(const LatLonGrid& grid, double radius_km);

  void add(const std::vector<Track>& member);
  void clear();

  int members() const { return members_; }
  const std::vector<int32_t>& strikes() const { return strikes_; }  // [lat, lon]: members
  const std::vector<int32_t>& births() const { return births_; }    // [lat, lon]: cyclones

 private:
  void strike(const Centre& from, const Centre& to);

  LatLonGrid grid_;
  double radius_;  // radians
  int members_ = 0;
  std::vector<int32_t> strikes_, births_;
  std::vector<int32_t> last_;  // [lat, lon]: the member that struck there last, from 1
};

// netCDF-4 with strike_probability, genesis_count [model, time, lat, lon], the same with _all of all models together
// [time, lat, lon], and members [model, time]. `members[model][time]`: how many there are.
std::unique_ptr<TrackProduct> strike_map(const fs::path& root, const fs::path& path, const TrackLayout& layout,
                                         const std::vector<std::vector<int32_t>>& members);

}  // namespace hens
