// Facts about Equal Earth.
#include "report/maps/map_projection.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hens::equal_earth {
namespace {

TEST(EqualEarth, CornersAreWhereTheHeaderSays) {
  EXPECT_NEAR(project({0, 180}).x, half_width, 1e-12);
  EXPECT_NEAR(project({90, 0}).y, half_height, 1e-12);
  EXPECT_EQ(project({0, 0}).x, 0.0);
  EXPECT_EQ(project({0, 0}).y, 0.0);
}

TEST(EqualEarth, RoundTripsEverywhere) {
  for (double lat = -90.0; lat <= 90.0; lat += 2.5) {
    for (double lon = -180.0; lon <= 180.0; lon += 15.0) {
      const PlanePoint plane = project({lat, lon});
      const auto back =
          unproject({plane.x * (1.0 - 1e-12), plane.y * (1.0 - 1e-12)});  // the edge itself is neither in nor out
      ASSERT_TRUE(back) << lat << " " << lon;
      // Latitude ends in an arcsine near 1 at the poles: half the digits there.
      EXPECT_NEAR(back->lat, lat, std::abs(lat) > 89.0 ? 1e-4 : 1e-9);
      EXPECT_NEAR(back->lon, lon, 1e-6);
    }
  }
}

TEST(EqualEarth, IsMonotoneAndSymmetric) {
  double y = -10.0, width = 0.0;
  for (double lat = -90.0; lat <= 90.0; lat += 0.5) {
    const PlanePoint east = project({lat, 77.0}), west = project({lat, -77.0}), mirrored = project({-lat, 77.0});
    EXPECT_GT(east.y, y);
    EXPECT_DOUBLE_EQ(east.x, -west.x);
    EXPECT_DOUBLE_EQ(east.y, -mirrored.y);
    if (lat <= 0.0) {
      EXPECT_GE(east.x, width) << "parallels widen towards the equator";
    }
    width = east.x;
    y = east.y;
  }
}

TEST(EqualEarth, KeepsAreas) {
  // The area of the cell of one degree at any place, by its Jacobian, against that on the sphere.
  for (const double lat : {-80.0, -45.0, 0.0, 30.0, 60.0, 85.0}) {
    const double step = 1e-4;
    const double height = (project({lat + step, 0}).y - project({lat - step, 0}).y) / (2.0 * step);
    const double sphere = std::cos(lat * M_PI / 180.0) * std::pow(M_PI / 180.0, 2);
    // The central difference is good to its step squared; double's cancellation leaves 1e-9 of the height.
    EXPECT_NEAR(height * degree_width(lat) / sphere, 1.0, 1e-7) << lat;
  }
}

TEST(EqualEarth, OutsideTheOutlineThereIsNoPlace) {
  EXPECT_FALSE(unproject({0.0, half_height * 1.001}));
  EXPECT_FALSE(unproject({half_width * 1.001, 0.0}));
  EXPECT_FALSE(unproject({half_width * 0.99, half_height * 0.99})) << "the corner is cut";
  EXPECT_FALSE(unproject({0.0, std::nan("")}));
  EXPECT_FALSE(unproject({std::nan(""), 0.0}));
}

}  // namespace
}  // namespace hens::equal_earth
