// Regions of the globe on a grid: boxes across Greenwich, the date line and the poles; points.
#include "grid/region.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

using testing::ElementsAre;

const LatLonGrid quarter = equiangular_grid(721, 1440);
const LatLonGrid coarse = equiangular_grid(5, 8);  // 90, 45, 0, -45, -90; 0, 45 ... 315

RegionCut box(const LatLonGrid& grid, const Box& box) { return cut_region({"box", box}, grid); }

TEST(Region, ABoxHoldsItsEdgesWithTheGridsOwnCoordinates) {
  const RegionCut cut = box(quarter, {10.0, 30.0, 260.0, 300.0});
  const LatLonGrid& grid = cut.domain.grid;
  ASSERT_EQ(grid.nlat(), 81);
  ASSERT_EQ(grid.nlon(), 161);
  EXPECT_EQ(grid.lat.front(), 30.0);
  EXPECT_EQ(grid.lat.back(), 10.0);
  EXPECT_EQ(grid.lon.front(), 260.0);
  EXPECT_EQ(grid.lon.back(), 300.0);
  EXPECT_EQ(cut.first_row, 240);
  EXPECT_EQ(cut.first_column, 1040);
}

TEST(Region, DegreesWestAndEastNameTheSameBox) {
  EXPECT_EQ(box(quarter, {10.0, 30.0, -100.0, -60.0}).domain, box(quarter, {10.0, 30.0, 260.0, 300.0}).domain);
}

TEST(Region, AcrossGreenwichLongitudesAscendFromNegativeOnes) {
  for (const Box& europe : {Box{40, 50, -10, 5}, Box{40, 50, 350, 5}, Box{40, 50, 350, 365.0 - 360.0}}) {
    const RegionCut cut = box(quarter, europe);
    EXPECT_EQ(cut.first_column, 1400);
    EXPECT_EQ(cut.domain.grid.nlon(), 61);
    EXPECT_EQ(cut.domain.grid.lon.front(), -10.0);
    EXPECT_EQ(cut.domain.grid.lon.back(), 5.0);
  }
}

TEST(Region, AcrossTheDateLineTheyGoOn) {
  const RegionCut cut = box(coarse, {-90, 90, 130, -130});
  EXPECT_THAT(cut.domain.grid.lon, ElementsAre(135.0, 180.0, 225.0));
}

TEST(Region, AFullCircleBeginsWhereItIsAskedTo) {
  EXPECT_THAT(box(coarse, {-90, 90, -180, 180}).domain.grid.lon, ElementsAre(-180, -135, -90, -45, 0, 45, 90, 135));
  EXPECT_EQ(box(coarse, {}).domain, domain_of(nullptr, coarse));
}

TEST(Region, ThePolesAreRowsLikeOthers) {
  EXPECT_THAT(box(coarse, {45, 90, 0, 0}).domain.grid.lat, ElementsAre(90.0, 45.0));
  EXPECT_THAT(box(coarse, {-90, -90, 0, 0}).domain.grid.lat, ElementsAre(-90.0));
}

TEST(Region, DecimalFractionsKeepTheColumnAtTheEdge) {
  const LatLonGrid tenth = equiangular_grid(1801, 3600);
  for (int k = 0; k < 3500; k += 7) {
    const double west = std::stod(std::to_string(k / 10) + "." + std::to_string(k % 10));
    EXPECT_EQ(box(tenth, {0, 0, west, west + 0.3}).domain.grid.nlon(), 4) << west;
  }
}

TEST(Region, WithoutARowOrColumnItIsRefusedByName) {
  for (const Box& empty : {Box{1, 2, 0, 90}, Box{-45, 45, 1, 44}}) {
    try {
      box(coarse, empty);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_spec);
      EXPECT_THAT(error.what(), testing::HasSubstr("regions.box"));
    }
  }
}

RegionCut point(double lat, double lon, PointMethod method) {
  return cut_region({"points", {}, {{"here", lat, lon}}, method}, coarse);
}

// What a cut makes of a field.
double value(const RegionCut& cut, double (*field)(double lat, double lon)) {
  double sum = 0.0;
  for (int k = 0; k < 4; ++k) {
    const auto at = static_cast<size_t>(cut.corners[0][static_cast<size_t>(k)]);
    sum += cut.weights[0][static_cast<size_t>(k)] * field(coarse.lat[at / 8], coarse.lon[at % 8]);
  }
  return sum;
}

TEST(Region, TheNearestPointSaysWhereItsValueIsOf) {
  const auto lat = [](double lat, double) { return lat; };
  const auto lon = [](double, double lon) { return lon; };
  for (const auto& [where, expected] : std::vector<std::pair<std::pair<double, double>, std::pair<double, double>>>{
           {{50, 40}, {45, 45}}, {{-89, 350}, {-90, 0}}, {{0, -45}, {0, 315}}, {{22.5, 22.5}, {45, 0}}}) {
    const RegionCut cut = point(where.first, where.second, PointMethod::nearest);
    EXPECT_EQ(value(cut, lat), expected.first);
    EXPECT_EQ(value(cut, lon), expected.second);
    EXPECT_EQ(cut.domain.points[0].lat, expected.first);
    EXPECT_EQ(cut.domain.points[0].lon, expected.second);
  }
}

TEST(Region, BetweenPointsALinearFieldIsExact) {
  const auto plane = [](double lat, double lon) { return 1.0 + 2.0 * lat - 0.5 * lon + 0.01 * lat * lon; };
  for (const auto& [lat, lon] : {std::pair{50.0, 40.0}, {-89.0, 3.0}, {0.0, 0.0}, {90.0, 10.0}, {-90.0, 300.0}}) {
    // Weights are float32: four products, each to 2^-24.
    EXPECT_NEAR(value(point(lat, lon, PointMethod::bilinear), plane), plane(lat, lon), 5e-5) << lat << " " << lon;
  }
}

TEST(Region, BetweenTheLastColumnAndTheFirstTheGlobeCloses) {
  const auto cosine = [](double, double lon) { return lon == 315.0 ? 4.0 : lon == 0.0 ? 8.0 : NAN; };
  EXPECT_EQ(value(point(0.0, 337.5, PointMethod::bilinear),
                  [](double, double lon) { return lon == 315.0 ? 4.0
                                                  : lon == 0.0 ? 8.0
                                                               : 0.0; }),
            6.0);
  EXPECT_TRUE(std::isnan(value(point(0.0, 100.0, PointMethod::bilinear), cosine))) << "elsewhere it is another pair";
}

TEST(Region, DomainsSayTheirDimensions) {
  EXPECT_THAT(domain_of(nullptr, coarse).dimensions(), ElementsAre("lat", "lon"));
  EXPECT_THAT(domain_of(nullptr, coarse).shape(), ElementsAre(5u, 8u));
  const RegionSpec points{"points", {}, {{"a", 0, 0}, {"b", 1, 1}}};
  EXPECT_THAT(domain_of(&points, coarse).dimensions(), ElementsAre("point"));
  EXPECT_THAT(domain_of(&points, coarse).shape(), ElementsAre(2u));
  EXPECT_EQ(domain_of(&points, coarse).size(), 2u);
}

}  // namespace
}  // namespace hens
