#include "grid/lat_lon_grid.h"

#include <cassert>

namespace hens {

LatLonGrid equiangular_grid(int nlat, int nlon) {
  assert(nlat >= 2 && nlon >= 1);
  LatLonGrid grid{std::vector<double>(nlat), std::vector<double>(nlon)};
  for (int i = 0; i < nlat; ++i) grid.lat[i] = 90.0 - 180.0 * i / (nlat - 1);
  for (int j = 0; j < nlon; ++j) grid.lon[j] = 360.0 * j / nlon;
  return grid;
}

}  // namespace hens
