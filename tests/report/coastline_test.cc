// What is read from GSHHG is the Earth; what is damaged is refused.
#include "report/coastline.h"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/test_data.h"

namespace hens {
namespace {

#define REQUIRE_GSHHG() \
  if (!find_gshhg()) GTEST_SKIP() << "needs GSHHG's coastlines: install Debian's gmt-gshhg-low"

bool any_point_near(const std::vector<CoastSegment>& segments, GeoPoint place, double degrees) {
  for (const CoastSegment& segment : segments) {
    for (const GeoPoint& point : segment.points) {
      if (std::hypot(point.lat - place.lat, point.lon - place.lon) < degrees) return true;
    }
  }
  return false;
}

TEST(Coastline, SegmentsAreManyInRangeAndConnected) {
  REQUIRE_GSHHG();
  const auto segments = read_gshhg(*find_gshhg(), 0.0);
  EXPECT_GT(segments.size(), 1000U);
  for (const CoastSegment& segment : segments) {
    ASSERT_GE(segment.points.size(), 2U);
    for (size_t i = 0; i < segment.points.size(); ++i) {
      const GeoPoint& point = segment.points[i];
      ASSERT_TRUE(std::abs(point.lat) <= 90.0 && std::abs(point.lon) <= 180.0) << point.lat << " " << point.lon;
      // Ten degrees is a bin: no line leaps across one.
      if (i > 0) {
        ASSERT_LE(std::abs(point.lon - segment.points[i - 1].lon), 10.0 + 1e-9);
      }
    }
  }
}

TEST(Coastline, CapesAreWhereTheyAre) {
  REQUIRE_GSHHG();
  const auto segments = read_gshhg(*find_gshhg(), 0.0);
  // Lizard Point, Cape Agulhas, Cape Horn's islands, Cape Comorin, Kamchatka's Cape Lopatka, Dakar's Almadies.
  for (const GeoPoint cape : {GeoPoint{49.96, -5.20}, GeoPoint{-34.83, 20.0}, GeoPoint{-55.98, -67.27},
                              GeoPoint{8.08, 77.54}, GeoPoint{50.87, 156.67}, GeoPoint{14.74, -17.53}}) {
    EXPECT_TRUE(any_point_near(segments, cape, 0.3)) << cape.lat << " " << cape.lon;
  }
  for (const GeoPoint inland : {GeoPoint{22.0, 15.0}, GeoPoint{-30.0, -120.0}}) {
    EXPECT_FALSE(any_point_near(segments, inland, 2.0)) << "the Sahara and the South Pacific have no shore";
  }
}

TEST(Coastline, LeastAreaLeavesSmallShoresOut) {
  REQUIRE_GSHHG();
  const auto all = read_gshhg(*find_gshhg(), 0.0), large = read_gshhg(*find_gshhg(), 5000.0);
  EXPECT_LT(large.size(), all.size());
  for (const CoastSegment& segment : large) EXPECT_GE(segment.area, 5000.0);
}

TEST(Coastline, MissingAndForeignFilesAreRefused) {
  const test::TemporaryFolder folder;
  const auto code = [](const fs::path& file) {
    try {
      read_gshhg(file, 0.0);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos);
      return error.code();
    }
    return ExitCode::ok;
  };
  EXPECT_EQ(code(folder / "none.nc"), ExitCode::missing_input);
  std::ofstream(folder / "text.nc") << "not netCDF";
  EXPECT_EQ(code(folder / "text.nc"), ExitCode::bad_input);
}

TEST(Coastline, DamagedFilesNeverCrash) {
  REQUIRE_GSHHG();
  const test::TemporaryFolder folder;
  const std::string good = read_file(*find_gshhg());
  int refused = 0;
  for (size_t k = 1; k <= 40; ++k) {
    std::string bytes = good;
    const size_t at = bytes.size() * k / 41;
    for (size_t i = at; i < std::min(at + 64, bytes.size()); ++i) bytes[i] = static_cast<char>(bytes[i] ^ 0xFF);
    publish_file(folder / "damaged.nc", bytes);
    try {
      read_gshhg(folder / "damaged.nc", 0.0);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_input);
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace hens
