// The bucket's index: parsing, and the records of every channel in real indexes.
#include "source/gfs_index.h"

#include <algorithm>
#include <set>

#include "source/source_fixtures.h"

namespace hens {
namespace {

using test::data_root;
using test::error_text;
using ::testing::HasSubstr;

const Time august = std::chrono::sys_days(std::chrono::year(2025) / 8 / 1);

std::vector<GfsRecord> real_index(const fs::path& path) {
  return parse_gfs_index(read_file(data_root() / path), path.filename());
}

TEST(GfsIndex, ARecordRunsToTheByteBeforeTheNext) {
  const auto records = parse_gfs_index(
      "1:0:d=2025080100:PRMSL:mean sea level:anl:\n"
      "2.1:700:d=2025080100:UGRD:10 m above ground:anl:\n"
      "2.2:700:d=2025080100:VGRD:10 m above ground:anl:\r\n"
      "3:900:d=2025080100:HGT:surface:7 hour fcst:\n",
      "x.idx");
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].bytes, (ByteRange{0, 699}));
  EXPECT_EQ(records[1].bytes, (ByteRange{700, 899})) << "fields of one message share its bytes";
  EXPECT_EQ(records[2].bytes, (ByteRange{700, 899}));
  EXPECT_EQ(records[3].bytes, (ByteRange{900, std::nullopt}));
  EXPECT_EQ(records[3].forecast, "7 hour fcst");
  EXPECT_EQ(records[0].cycle, august);
  EXPECT_EQ(records[2].level, "10 m above ground");
}

TEST(GfsIndex, WhatIsNoIndexIsAnErrorWithTheLine) {
  const auto message = [](const char* text) {
    return error_text([&] { parse_gfs_index(text, "x.idx"); }, ExitCode::bad_input);
  };
  EXPECT_THAT(message(""), HasSubstr("x.idx"));
  EXPECT_THAT(message("1:0:d=2025080100:PRMSL:mean sea level:anl:\n<html>404</html>\n"), HasSubstr("line 2"));
  for (const char* line : {"1:0:d=2025080100:PRMSL", "x:0:d=2025080100:A:b:anl:", "1:-5:d=2025080100:A:b:anl:",
                           "1:99999999999999999999:d=2025080100:A:b:anl:", "1:0:d=2025133100:A:b:anl:",
                           "1:0:d=20250801:A:b:anl:", "1:0:d=2025080199:A:b:anl:"}) {
    EXPECT_THAT(message(line), HasSubstr("line 1")) << line;
  }
  EXPECT_THAT(message("1:500:d=2025080100:A:b:anl:\n2:100:d=2025080100:A:b:anl:\n"), HasSubstr("record 2"));
}

TEST(GfsIndex, ARealAnalysisHasAll74Channels) {
  HENS_REQUIRE_DATA("data/index");
  const auto records = real_index("data/index/gfs.20250801.t00z.pgrb2.0p25.f000.idx");
  EXPECT_EQ(records.size(), 696u);
  const auto picks = pick_gfs_records(records, hens_channels(), august, "x.idx");
  ASSERT_EQ(picks.size(), 74u);
  std::set<size_t> used;
  for (const GfsPick& pick : picks) {
    EXPECT_NE(pick.recipe, GfsRecipe::from_relative_humidity) << pick.channel << ": this cycle has SPFH";
    EXPECT_TRUE(used.insert(pick.record).second) << pick.channel << " shares a record";
  }
  const auto text = [&](const char* channel) {
    const auto pick = std::ranges::find(picks, channel, &GfsPick::channel);
    return records[pick->record].parameter + ":" + records[pick->record].level;
  };
  EXPECT_EQ(text("u100m"), "UGRD:100 m above ground");
  EXPECT_EQ(text("u100"), "UGRD:100 mb");
  EXPECT_EQ(text("msl"), "PRMSL:mean sea level");
  EXPECT_EQ(text("z500"), "HGT:500 mb");
  EXPECT_EQ(text("q850"), "SPFH:850 mb");
  EXPECT_EQ(text("d2m"), "DPT:2 m above ground");
}

TEST(GfsIndex, TheFieldsOfOneLevelLieTogether) {
  HENS_REQUIRE_DATA("data/index");
  const auto records = real_index("data/index/gfs.20250801.t00z.pgrb2.0p25.f000.idx");
  std::vector<ByteRange> ranges;
  uint64_t bytes = 0;
  for (const GfsPick& pick : pick_gfs_records(records, hens_channels(), august, "x.idx")) {
    ranges.push_back(records[pick.record].bytes);
    bytes += *ranges.back().last - ranges.back().first + 1;
  }
  std::ranges::sort(ranges, {}, &ByteRange::first);
  int neighbours = 0;
  for (size_t i = 1; i < ranges.size(); ++i) neighbours += ranges[i].first == *ranges[i - 1].last + 1;
  // HGT TMP and UGRD VGRD on each of 13 levels (HGT:1000 mb lies apart), the winds at 10 m and at 100 m.
  EXPECT_EQ(neighbours, 27);
  EXPECT_LT(bytes, 80u << 20) << "a state costs a seventh of the file";
}

TEST(GfsIndex, AForecastIsNoAnalysis) {
  HENS_REQUIRE_DATA("data/index");
  const auto records = real_index("data/index/gfs.20250801.t00z.pgrb2.0p25.f007.idx");
  EXPECT_EQ(records.size(), 743u);
  for (const std::string& channel : hens_channels()) {
    const std::string message =
        error_text([&] { pick_gfs_records(records, {channel}, august, "x.idx"); }, ExitCode::bad_input);
    EXPECT_THAT(message, HasSubstr("channel " + channel)) << "found, and refused as a forecast";
    EXPECT_THAT(message, HasSubstr("7 hour fcst"));
  }
}

TEST(GfsIndex, AnotherCycleIsRefused) {
  HENS_REQUIRE_DATA("data/index");
  const auto records = real_index("data/index/gfs.20250801.t00z.pgrb2.0p25.f000.idx");
  const std::string message = error_text(
      [&] { pick_gfs_records(records, {"z500"}, august + std::chrono::hours(6), "x.idx"); }, ExitCode::bad_input);
  EXPECT_THAT(message, HasSubstr("x.idx: channel z500"));
  EXPECT_THAT(message, HasSubstr("cycle 2025-08-01T00:00:00Z"));
  EXPECT_THAT(message, HasSubstr("expected the analysis of 2025-08-01T06:00:00Z"));
}

TEST(GfsIndex, AnOldCycleMakesHumidityFromRelativeHumidity) {
  HENS_REQUIRE_DATA(test::gfs_sample);
  const auto records = real_index(test::gfs_sample.string() + ".idx");
  const auto picks = pick_gfs_records(records, hens_channels(), test::gfs_time, "x.idx");
  int derived = 0;
  for (const GfsPick& pick : picks) {
    if (pick.recipe != GfsRecipe::from_relative_humidity) continue;
    ++derived;
    EXPECT_EQ(records[pick.record].parameter, "RH") << pick.channel;
    EXPECT_EQ(records[pick.temperature].parameter, "TMP") << pick.channel;
    EXPECT_EQ(records[pick.record].level, records[pick.temperature].level) << pick.channel;
  }
  EXPECT_EQ(derived, 13);
}

TEST(GfsIndex, AMissingChannelIsNamed) {
  const auto records = parse_gfs_index("1:0:d=2025080100:RH:500 mb:anl:\n", "x.idx");
  const auto message = [&](const char* channel) {
    return error_text([&] { pick_gfs_records(records, {channel}, august, "x.idx"); }, ExitCode::bad_input);
  };
  EXPECT_THAT(message("t2m"), HasSubstr("x.idx: channel t2m: there is no record TMP:2 m above ground"));
  EXPECT_THAT(message("q500"), HasSubstr("nor RH and TMP"));
  EXPECT_THAT(message("t3m"), HasSubstr("'t3m' is not a channel"));
}

}  // namespace
}  // namespace hens
