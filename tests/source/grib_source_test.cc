// A GRIB file of the user's: the same state as through the bucket, several files, several times.
#include <algorithm>

#include "package/npy.h"
#include "source/source_fixtures.h"
#include "support/compare.h"

namespace hens {
namespace {

using test::data_root;
using test::error_text;
using test::gfs_sample;
using test::gfs_time;
using ::testing::HasSubstr;

class GribSourceTest : public ::testing::Test {
 protected:
  void SetUp() override { HENS_REQUIRE_DATA(gfs_sample); }
  std::string sample() const { return (data_root() / gfs_sample).string(); }
  std::string forecast() const { return (data_root() / "data/gfs/gfs.20150912.t18z.pgrb2.2p50.f006").string(); }
  test::FileSources files_;
  const LatLonGrid grid_ = equiangular_grid(73, 144);
};

TEST_F(GribSourceTest, IsTheGoldenInitialState) {
  HENS_REQUIRE_DATA("golden/model/forecast/initial_2015091218.npy");
  const auto golden = read_npy(data_root() / "golden/model/forecast/initial_2015091218.npy").as<float>();
  const State state = files_.open(SourceKind::grib, {sample()}, 9.81)->load(gfs_time, hens_channels(), grid_);
  EXPECT_TRUE(test::all_near(state.values, golden, 0.0));
}

TEST_F(GribSourceTest, TimeComesFromTheMessages) {
  const auto source = files_.open(SourceKind::grib, {sample(), forecast()});
  const Time later = gfs_time + std::chrono::hours(6);
  const State now = source->load(gfs_time, {"t850"}, grid_), then = source->load(later, {"t850"}, grid_);
  EXPECT_NE(now.values, then.values);
  const auto records = source->records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].url, sample());
  EXPECT_EQ(records[0].bytes, 8933u) << "the message of t850";
  EXPECT_EQ(records[1].url, forecast());

  const std::string message =
      error_text([&] { source->load(later + std::chrono::hours(6), {"t850"}, grid_); }, ExitCode::missing_input);
  EXPECT_THAT(message, HasSubstr("channel t850 at 2015-09-13T06:00:00Z"));
  EXPECT_THAT(message, HasSubstr("f006: 160 fields that hens knows at 2015-09-13T00:00:00Z"));
}

TEST_F(GribSourceTest, ATruncatedFileIsRefusedWithThePlace) {
  const std::string bytes = read_file(sample());
  for (const size_t length : {size_t{100}, size_t{1000000}, bytes.size() - 1}) {
    test::write_bytes(files_ / "cut.grib2", bytes.substr(0, length));
    const std::string message = error_text(
        [&] { files_.open(SourceKind::grib, {(files_ / "cut.grib2").string()})->load(gfs_time, {"u50"}, grid_); },
        ExitCode::bad_input);
    EXPECT_THAT(message, HasSubstr("cut.grib2: message at byte ")) << length;
    EXPECT_THAT(message, HasSubstr("truncated")) << length;
  }
}

TEST_F(GribSourceTest, WhatIsNoGribIsRefused) {
  test::write_bytes(files_ / "page.html", "<html>not found</html>");
  EXPECT_THAT(
      error_text(
          [&] { files_.open(SourceKind::grib, {(files_ / "page.html").string()})->load(gfs_time, {"t2m"}, grid_); },
          ExitCode::bad_input),
      HasSubstr("page.html: holds no GRIB message"));
}

TEST_F(GribSourceTest, AnIfsFileServesItsOwnNames) {
  const std::string path = (data_root() / "data/packing/ifs.20250115.18z.f024.0p25.t2m-msl.grib2").string();
  const State state =
      files_.open(SourceKind::grib, {path})->load(parse_time("2025-01-16T18:00"), {"msl", "t2m"}, grid_);
  // Every tenth point of the file; 45 N 100 E and 75 S 0 E are among them.
  EXPECT_NEAR(state.channel(0)[18 * 144 + 40], 102364, 0.5);
  EXPECT_NEAR(state.channel(1)[18 * 144 + 40], 258.033, 5e-4);
  EXPECT_NEAR(state.channel(1)[66 * 144], 251.627, 5e-4);
}

TEST_F(GribSourceTest, ARegionDoesNotServeTheGlobe) {
  const std::string path = (data_root() / "data/packing/regional.gfs.20200728.t12z.f000.0p25").string();
  const auto source = files_.open(SourceKind::grib, {path});
  const Time noon = parse_time("2020-07-28T12:00");
  LatLonGrid region{{}, {}};
  for (int i = 0; i < 33; ++i) region.lat.push_back(56.0 - 0.25 * i);
  for (int j = 0; j < 49; ++j) region.lon.push_back(13.0 + 0.25 * j);
  const State state = source->load(noon, hens_channels(), region);  // 61 directly, 13 of RH
  EXPECT_NEAR(state.channel(4)[32 * 49], 302.5, 1e-4) << "t2m at 48 N 13 E";
  const std::string message = error_text([&] { source->load(noon, {"t2m"}, grid_); }, ExitCode::bad_input);
  EXPECT_THAT(message, HasSubstr("channel t2m: its grid of 33x49 points"));
  EXPECT_THAT(message, HasSubstr("only that grid itself would do"));
}

}  // namespace
}  // namespace hens
