// A real analysis through the bucket's layout: the golden state, and what a damaged bucket leads to.
#include "source/gfs_source.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "package/npy.h"
#include "source/grib_message.h"
#include "source/source_fixtures.h"

namespace hens {
namespace {

using test::data_root;
using test::error_text;
using test::gfs_sample;
using test::gfs_time;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GfsSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    HENS_REQUIRE_DATA(gfs_sample);
    file_ = read_file(data_root() / gfs_sample);
    index_ = read_file(data_root() / (gfs_sample.string() + ".idx"));
  }
  State load(const std::vector<std::string>& channels = hens_channels(), double gravity = 9.80665) {
    mirror_.add(file_, index_);
    return mirror_.open(gravity)->load(gfs_time, channels, equiangular_grid(73, 144));
  }
  std::string load_error(ExitCode code, const std::vector<std::string>& channels = hens_channels()) {
    return error_text([&] { load(channels); }, code);
  }
  test::GfsMirror mirror_;
  std::string file_, index_;
};

// Distance in representable numbers; adjacent floats of one sign have adjacent bits.
int64_t ulps(float a, float b) {
  int32_t x = 0, y = 0;
  std::memcpy(&x, &a, 4);
  std::memcpy(&y, &b, 4);
  return std::signbit(a) == std::signbit(b) ? std::abs(static_cast<int64_t>(x) - y) : (a == b ? 0 : 1 << 30);
}

TEST_F(GfsSourceTest, IsTheGoldenInitialState) {
  HENS_REQUIRE_DATA("golden/model/forecast/initial_2015091218.npy");
  const auto golden = read_npy(data_root() / "golden/model/forecast/initial_2015091218.npy").as<float>();
  const State state = load(hens_channels(), 9.81);
  ASSERT_EQ(state.values.size(), golden.size());
  for (size_t c = 0; c < state.channels.size(); ++c) {
    int64_t worst = 0;
    size_t different = 0;
    for (size_t i = 0; i < state.grid.points(); ++i) {
      const int64_t distance = ulps(state.channel(c)[i], golden[c * state.grid.points() + i]);
      worst = std::max(worst, distance);
      different += distance != 0;
    }
    EXPECT_EQ(worst, 0) << state.channels[c] << ": " << different << " differ";
  }
}

// The table was made with ecCodes' command line tools, to 6 digits.
TEST_F(GfsSourceTest, HasTheRangesOfTheReferenceTable) {
  const State state = load();
  std::ifstream table(data_root() / (gfs_sample.string() + ".channels.tsv"));
  std::string line, name, key, ignored;
  std::getline(table, line);
  int rows = 0;
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    double low = 0, high = 0;
    fields >> name >> key >> ignored >> ignored >> ignored >> low >> high;
    if (name.starts_with("q")) continue;  // the table has the relative humidity
    const size_t c = channel_positions({name}, state.channels)[0];
    const auto values = state.channel(c);
    const double unit = name.starts_with("z") ? 9.80665 : 1.0;
    EXPECT_NEAR(*std::ranges::min_element(values), low * unit, 1e-5 * std::abs(low * unit) + 1e-6) << name;
    EXPECT_NEAR(*std::ranges::max_element(values), high * unit, 1e-5 * std::abs(high * unit) + 1e-6) << name;
    ++rows;
  }
  EXPECT_EQ(rows, 61);
}

TEST_F(GfsSourceTest, ACoarserGridTakesEverySecondPoint) {
  mirror_.add(file_, index_);
  const auto source = mirror_.open();
  const State fine = source->load(gfs_time, {"t850"}, equiangular_grid(73, 144));
  const State coarse = source->load(gfs_time, {"t850"}, equiangular_grid(37, 72));
  for (int i = 0; i < 37; ++i) {
    for (int j = 0; j < 72; ++j) ASSERT_EQ(coarse.values[i * 72 + j], fine.values[2 * i * 144 + 2 * j]);
  }
}

TEST_F(GfsSourceTest, AGridBetweenThePointsIsRefusedWithThoseThatWouldDo) {
  mirror_.add(file_, index_);
  const std::string message =
      error_text([&] { mirror_.open()->load(gfs_time, {"t850"}, equiangular_grid(91, 180)); }, ExitCode::bad_input);
  EXPECT_THAT(message, HasSubstr("channel t850"));
  EXPECT_THAT(message, HasSubstr("gfs.t18z.pgrb2.2p50.f000"));
  EXPECT_THAT(message, HasSubstr("grids that would do: 73x144, 37x72, 25x48"));
}

TEST_F(GfsSourceTest, RecordsWhatItUsed) {
  mirror_.add(file_, index_);
  const auto source = mirror_.open();
  source->load(gfs_time, {"t2m"}, equiangular_grid(73, 144));
  source->load(gfs_time, {"t2m", "q500"}, equiangular_grid(73, 144));
  source->load(gfs_time, {"t2m"}, equiangular_grid(73, 144));
  const auto records = source->records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].url, "s3://noaa-gfs-bdp-pds/gfs.20150912/18/atmos/gfs.t18z.pgrb2.2p50.f000");
  EXPECT_EQ(records[0].bytes, 9420u + 7676u + 14014u) << "t2m, t500 and r500";
  EXPECT_EQ(records[0].sha256.size(), 64u);
  EXPECT_THAT(records[0].notes, ElementsAre("q500 derived from relative humidity and temperature"));
}

TEST_F(GfsSourceTest, OnlyTheFourCyclesExist) {
  const Time today = parse_time("2024-01-01T18");
  EXPECT_THAT(gfs_urls(today, "0p25"),
              ElementsAre("s3://noaa-gfs-bdp-pds/gfs.20240101/18/atmos/gfs.t18z.pgrb2.0p25.f000"));
  EXPECT_THAT(error_text([] { gfs_urls(gfs_time + std::chrono::hours(3), "0p25"); }, ExitCode::missing_input),
              HasSubstr("2015-09-12T21:00:00Z"));
}

// GFS 16 began with the cycle of 12 UTC on 22 March 2021, and with it the folder `atmos`.
TEST_F(GfsSourceTest, CyclesBeforeGfs16LieWithoutAtmos) {
  const std::string first = "s3://noaa-gfs-bdp-pds/gfs.20210322/06/gfs.t06z.pgrb2.0p25.f000";
  EXPECT_EQ(gfs_urls(parse_time("2021-03-22T06"), "0p25").front(), first);
  EXPECT_THAT(gfs_urls(parse_time("2021-03-22T12"), "0p25"),
              ElementsAre("s3://noaa-gfs-bdp-pds/gfs.20210322/12/atmos/gfs.t12z.pgrb2.0p25.f000"));
  mirror_.add_at("noaa-gfs-bdp-pds/gfs.20150912/18/gfs.t18z.pgrb2.2p50.f000", file_, index_);
  const auto source = mirror_.open();
  const State state = source->load(gfs_time, {"t2m"}, equiangular_grid(73, 144));
  EXPECT_EQ(source->records().at(0).url, "s3://noaa-gfs-bdp-pds/gfs.20150912/18/gfs.t18z.pgrb2.2p50.f000");
}

// u and v of NCEP's files may share a message; the index then has 4.1 and 4.2 at one offset.
TEST_F(GfsSourceTest, TwoFieldsOfOneMessageAreFoundBehindTheirIndex) {
  const auto messages = split_grib_messages(std::as_bytes(std::span(file_)), "file");
  std::vector<std::string> pair;
  for (const auto message : messages) {
    const std::string field = read_grib_label(message, "file").field;
    if (field == "u500" || field == "v500")
      pair.emplace_back(reinterpret_cast<const char*>(message.data()), message.size());
  }
  ASSERT_EQ(pair.size(), 2u);
  const State apart = load({"u500", "v500"});
  const std::string joined = test::join_fields(pair);
  test::GfsMirror mirror;
  mirror.add(joined, "4.1:0:d=2015091218:UGRD:500 mb:anl:\n4.2:0:d=2015091218:VGRD:500 mb:anl:\n");
  const State together = mirror.open()->load(gfs_time, {"u500", "v500"}, equiangular_grid(73, 144));
  EXPECT_EQ(together.values, apart.values);
}

TEST_F(GfsSourceTest, ARecordThatIsThereTwiceMustBeACopy) {
  const State once = load({"t500"});
  // The index must ascend: a second file behind the first has the same records again.
  std::string again;
  std::istringstream lines(index_);
  for (std::string text; std::getline(lines, text);) {
    const size_t first = text.find(':') + 1, end = text.find(':', first);
    again += text.substr(0, first) + std::to_string(std::stoul(text.substr(first, end - first)) + file_.size()) +
             text.substr(end) + "\n";
  }
  test::GfsMirror twice;
  twice.add(file_ + file_, index_ + again);
  EXPECT_EQ(twice.open()->load(gfs_time, {"t500"}, equiangular_grid(73, 144)).values, once.values);

  again.replace(again.find(":TMP:400 mb:"), 12, ":TMP:500 mb:");
  std::string behind = file_;  // the message of 400 hPa says 500 now: octets of the first fixed surface
  for (const auto message : split_grib_messages(std::as_bytes(std::span(behind)), "file")) {
    if (read_grib_label(message, "file").field != "t400") continue;
    const size_t at = reinterpret_cast<const char*>(message.data()) - behind.data();
    const size_t surface = behind.find(std::string("\x64\x00\x00\x00\x9c\x40", 6), at);  // 100, scale 0, 40000
    ASSERT_LT(surface, at + message.size());
    behind.replace(surface, 6, std::string("\x64\x00\x00\x00\xc3\x50", 6));
  }
  test::GfsMirror differs;
  differs.add(file_ + behind, index_ + again);
  EXPECT_THAT(
      error_text([&] { differs.open()->load(gfs_time, {"t500"}, equiangular_grid(73, 144)); }, ExitCode::bad_input),
      HasSubstr("(TMP:500 mb:anl) of the index are of one name and hold different values"));
}

TEST_F(GfsSourceTest, RecordsOfAnEnsemblesSpreadAreNoAnalyses) {
  const State plain = load({"t500"});
  const size_t at = index_.find(":TMP:500 mb:"), line = index_.rfind('\n', at) + 1;
  const size_t first = index_.find(':', line) + 1;
  const std::string offset = index_.substr(first, index_.find(':', first) - first);
  index_.insert(line, "1:" + offset + ":d=2015091218:TMP:500 mb:anl:ens std dev\n");
  test::GfsMirror mirror;
  mirror.add(file_, index_);
  EXPECT_EQ(mirror.open()->load(gfs_time, {"t500"}, equiangular_grid(73, 144)).values, plain.values);
}

TEST_F(GfsSourceTest, AnAnalysisThatIsNotThereIsMissing) {
  EXPECT_THAT(
      error_text([&] { mirror_.open()->load(gfs_time, {"t2m"}, equiangular_grid(73, 144)); }, ExitCode::missing_input),
      HasSubstr("gfs.t18z.pgrb2.2p50.f000.idx"));
}

TEST_F(GfsSourceTest, AForecastUnderTheAnalysisNameIsTheWrongCycle) {
  file_ = read_file(data_root() / "data/gfs/gfs.20150912.t18z.pgrb2.2p50.f006");
  index_ = read_file(data_root() / "data/gfs/gfs.20150912.t18z.pgrb2.2p50.f006.idx");
  for (size_t at; (at = index_.find("6 hour fcst")) != std::string::npos;) index_.replace(at, 11, "anl");
  const std::string message = load_error(ExitCode::bad_input, {"z500"});
  EXPECT_THAT(message, HasSubstr("f000: channel z500: wrong cycle"));
  EXPECT_THAT(message, HasSubstr("valid at 2015-09-13T00:00:00Z; expected the analysis of 2015-09-12T18:00:00Z"));
}

TEST_F(GfsSourceTest, TheIndexOfAnotherCycleIsRefused) {
  for (size_t at; (at = index_.find("d=2015091218")) != std::string::npos;) index_.replace(at, 12, "d=2015091212");
  EXPECT_THAT(load_error(ExitCode::bad_input, {"z500"}), HasSubstr("channel z500"));
}

TEST_F(GfsSourceTest, AnIndexThatNamesTheWrongMessageIsRefused) {
  index_.replace(index_.find(":TMP:500 mb:"), 12, ":XXX:500 mb:");
  index_.replace(index_.find(":HGT:500 mb:"), 12, ":TMP:500 mb:");
  const std::string message = load_error(ExitCode::bad_input, {"t500"});
  EXPECT_THAT(message, HasSubstr("f000: channel t500: wrong message: the index promises t500"));
  EXPECT_THAT(message, HasSubstr("'gh, isobaricInhPa 500'"));
}

TEST_F(GfsSourceTest, AMissingChannelIsNamed) {
  index_.replace(index_.find(":DPT:2 m above"), 14, ":XXX:2 m above");
  EXPECT_THAT(load_error(ExitCode::bad_input), HasSubstr("f000.idx: channel d2m"));
}

TEST_F(GfsSourceTest, AShiftedIndexIsRefused) {
  index_.replace(index_.find("230:2583190:"), 12, "230:2583191:");
  EXPECT_THAT(load_error(ExitCode::bad_input, {"t2m"}), HasSubstr("f000: channel t2m: no whole GRIB message"));
}

TEST_F(GfsSourceTest, ATruncatedFileIsRefused) {
  const std::string whole = file_;
  // Within msl's message (bytes 3617252 to 3632266), at its start, and far before it.
  for (const size_t bytes : {3632266u, 3617300u, 3617252u, 1000u}) {
    test::GfsMirror mirror;  // a fresh cache
    mirror.add(whole.substr(0, bytes), index_);
    const std::string message =
        error_text([&] { mirror.open()->load(gfs_time, {"msl"}, equiangular_grid(73, 144)); }, ExitCode::bad_input);
    EXPECT_THAT(message, HasSubstr("gfs.t18z.pgrb2.2p50.f000")) << bytes;
  }
}

TEST_F(GfsSourceTest, DamageWithinAMessageNeverGoesUnnoticedInItsFrame) {
  file_.replace(2583190 + 9420 - 4, 4, "0000");  // the end mark of t2m
  EXPECT_THAT(load_error(ExitCode::bad_input, {"t2m"}), HasSubstr("channel t2m: damaged"));
}

}  // namespace
}  // namespace hens
