// The equiangular grid of the models.
#include "grid/lat_lon_grid.h"

#include <gtest/gtest.h>

namespace hens {
namespace {

TEST(EquiangularGrid, HasBothPolesAndStopsBeforeTheFullCircle) {
  const LatLonGrid grid = equiangular_grid(721, 1440);
  ASSERT_EQ(grid.points(), 721u * 1440u);
  EXPECT_EQ(grid.lat.front(), 90.0);
  EXPECT_EQ(grid.lat[360], 0.0);
  EXPECT_EQ(grid.lat.back(), -90.0);
  EXPECT_EQ(grid.lon.front(), 0.0);
  EXPECT_EQ(grid.lon.back(), 359.75);
}

TEST(EquiangularGrid, QuarterDegreesAreExact) {
  const LatLonGrid grid = equiangular_grid(721, 1440);
  for (int i = 0; i < 721; ++i) EXPECT_EQ(grid.lat[i], 90.0 - 0.25 * i);
  for (int j = 0; j < 1440; ++j) EXPECT_EQ(grid.lon[j], 0.25 * j);
}

TEST(EquiangularGrid, EveryTenthPointOfAQuarterDegreeIsTheGridOfTwoAndAHalf) {
  const LatLonGrid fine = equiangular_grid(721, 1440), coarse = equiangular_grid(73, 144);
  for (int i = 0; i < 73; ++i) EXPECT_EQ(coarse.lat[i], fine.lat[10 * i]);
  for (int j = 0; j < 144; ++j) EXPECT_EQ(coarse.lon[j], fine.lon[10 * j]);
}

}  // namespace
}  // namespace hens
