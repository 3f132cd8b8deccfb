// What is read from GSHHG is the Earth; what is damaged is refused.
#include "report/maps/coastline.h"

#include <cmath>
#include <fstream>
#include <netcdf.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/netcdf_lock.h"
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

// A copy of the real file with one value of `variable` changed.
void publish_changed(const fs::path& path, const char* variable, size_t index, double value) {
  fs::copy_file(*find_gshhg(), path, fs::copy_options::overwrite_existing);
  const NetcdfLock lock;
  int file = 0, id = 0;
  ASSERT_EQ(nc_open(path.c_str(), NC_WRITE, &file), NC_NOERR);
  ASSERT_EQ(nc_inq_varid(file, variable, &id), NC_NOERR) << variable;
  ASSERT_EQ(nc_put_var1_double(file, id, &index, &value), NC_NOERR) << variable;
  ASSERT_EQ(nc_close(file), NC_NOERR);
}

// The file's tables, not its container: what HDF5 itself does with a damaged file is in no reader's hands (1.10 frees a
// wild pointer), and the file comes from the distribution's own package.
TEST(Coastline, TablesThatLeadOutOfTheFileAreRefused) {
  REQUIRE_GSHHG();
  const test::TemporaryFolder folder;
  const struct {
    const char* variable;
    double value;
  } changes[]{{"Bin_size_in_minutes", 0},
              {"Bin_size_in_minutes", -600},
              {"Bin_size_in_minutes", 7},
              {"Id_of_first_segment_in_a_bin", -1},
              {"Id_of_first_segment_in_a_bin", 2147483647},
              {"N_segments_in_a_bin", 32767},
              {"N_segments_in_a_bin", -1},
              {"Embedded_npts_levels_exit_entry_for_a_segment", -1},
              {"Id_of_first_point_in_a_segment", 2147483647},
              {"Id_of_first_point_in_a_segment", -1},
              {"Id_of_GSHHS_ID", 2147483647}};
  for (const auto& [variable, value] : changes) {
    publish_changed(folder / "changed.nc", variable, 0, value);
    try {
      read_gshhg(folder / "changed.nc", 0.0);
      ADD_FAILURE() << variable << " " << value;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_input);
      EXPECT_NE(std::string(error.what()).find("changed.nc"), std::string::npos) << error.what();
    }
  }
}

TEST(Coastline, AFileCutShortIsRefused) {
  REQUIRE_GSHHG();
  const test::TemporaryFolder folder;
  const std::string good = read_file(*find_gshhg());
  for (const size_t bytes : {size_t{0}, size_t{100}, good.size() / 2, good.size() - 1}) {
    publish_file(folder / "short.nc", good.substr(0, bytes));
    EXPECT_THROW(read_gshhg(folder / "short.nc", 0.0), Error) << bytes;
  }
}

}  // namespace
}  // namespace hens
