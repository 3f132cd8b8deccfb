// The sun against the golden arrays: the float32 chain that the networks were fed, and the exact one.
#include "model/zenith.h"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "package/npy.h"
#include "support/compare.h"
#include "support/test_data.h"

namespace hens {
namespace {

std::vector<double> golden(const std::string& name) {
  return read_npy(test::data_root() / "golden/zenith" / (name + ".npy")).as<double>();
}

std::vector<Time> golden_times() {
  std::ifstream file(test::data_root() / "golden/zenith/times.txt");
  std::vector<Time> times;
  for (std::string line; std::getline(file, line);) times.push_back(parse_time(line.substr(0, 19)));
  return times;
}

// [time, point]: the golden points are pairs of latitude and longitude, the diagonal of their grid.
template <typename Real>
std::vector<Real> cos_zenith_of_golden_points() {
  const LatLonGrid grid{golden("lat"), golden("lon")};
  std::vector<Real> values;
  for (const Time time : golden_times()) {
    const std::vector<Real> all = cos_zenith(sun<Real>(time), grid);
    for (size_t k = 0; k < grid.lat.size(); ++k) values.push_back(all[k * grid.lon.size() + k]);
  }
  return values;
}

template <typename Real>
std::vector<Real> stages() {
  std::vector<Real> values;
  for (const Time time : golden_times()) {
    const Sun<Real> s = sun<Real>(time);
    for (const Real value :
         {s.days, s.centuries, s.sidereal, s.ecliptic_longitude, s.obliquity, s.right_ascension, s.declination}) {
      values.push_back(value);
    }
  }
  return values;
}

TEST(Zenith, Float64FollowsTheFormula) {
  HENS_REQUIRE_DATA("golden/zenith");
  ASSERT_EQ(golden_times().size(), 12u);
  EXPECT_TRUE(test::all_near(cos_zenith_of_golden_points<double>(), golden("cos_zenith_f64"), 1e-12));
  EXPECT_TRUE(test::all_near(stages<double>(), golden("stages_f64"), 1e-11));  // ecliptic longitudes reach 165 radians
}

// Sines of another library differ in the last bit: 1e-6 of the cosine. Sidereal time has no sine in it: one fused or
// reordered operation would move it by 4.65e-3.
TEST(Zenith, Float32RoundsAsTheNetworksWereTrained) {
  HENS_REQUIRE_DATA("golden/zenith");
  EXPECT_TRUE(test::all_near(cos_zenith_of_golden_points<float>(), golden("cos_zenith_pinned_f32"), 1e-6));
  const std::vector<float> ours = stages<float>();
  const std::vector<double> theirs = golden("stages_pinned_f32");
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t k = 0; k < ours.size(); k += 7) {
    EXPECT_EQ(ours[k], theirs[k]) << "days";
    EXPECT_EQ(ours[k + 1], theirs[k + 1]) << "centuries";
    EXPECT_NEAR(ours[k + 2], theirs[k + 2], 1e-6) << "sidereal time";
    EXPECT_NEAR(ours[k + 4], theirs[k + 4], 1e-6) << "obliquity";
    EXPECT_NEAR(ours[k + 6], theirs[k + 6], 1e-6) << "declination";
  }
}

TEST(Zenith, OfTheBenchmarksStart) {
  HENS_REQUIRE_DATA("golden/zenith");
  const Time start = parse_time("2024-01-01");
  const LatLonGrid grid = equiangular_grid(73, 144);
  EXPECT_TRUE(test::all_near(cos_zenith(sun<float>(start), grid), golden("grid73x144_2024-01-01T00_pinned_f32"), 1e-6));
  EXPECT_TRUE(test::all_near(cos_zenith(sun<double>(start), grid), golden("grid73x144_2024-01-01T00_f64"), 1e-12));
}

TEST(Zenith, KnowsTheSeasonsAndTheHours) {
  const double solstice = sun<double>(parse_time("2024-06-20T20:51:00")).declination;
  EXPECT_NEAR(solstice * 180 / M_PI, 23.436, 1e-3);
  EXPECT_NEAR(sun<double>(parse_time("2024-03-20T03:06:00")).declination, 0.0, 1e-4);
  // Greenwich at noon, 2024-04-15: the equation of time is zero to a few seconds, so the sun stands in the south.
  const Sun<double> noon = sun<double>(parse_time("2024-04-15T12:00:00"));
  const LatLonGrid grid{{51.48}, {0.0}};
  EXPECT_NEAR(std::acos(cos_zenith(noon, grid)[0]), 51.48 * M_PI / 180 - noon.declination, 1e-3);
}

}  // namespace
}  // namespace hens
