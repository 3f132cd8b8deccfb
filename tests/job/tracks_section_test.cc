#include "job/tracks_section.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/spec_text.h"
#include "job/work_plan.h"

namespace hens {
namespace {

using test::parse_with;
using test::problems_with;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(TracksSection, OneMappingOrAListAndMembersMayBeLeftOut) {
  const JobSpec one = parse_with({"output=[]", "tracks={name: low, wind: 12}"});
  ASSERT_EQ(one.tracks.size(), 1U);
  EXPECT_EQ(one.tracks[0].wind, 12.0);
  EXPECT_TRUE(leaves_files(one)) << "members have markers";
  const JobSpec two =
      parse_with({"tracks=[{}, {name: peer, tracker: vitart, compatible: true, search_distance: 250}]"});
  ASSERT_EQ(two.tracks.size(), 2U);
  EXPECT_EQ(two.tracks[0].name, "tc");
  EXPECT_EQ(two.tracks[1].search_distance, 250.0);
  EXPECT_TRUE(parse_with({"tracks=null"}).tracks.empty());
  EXPECT_EQ(parse_with({"tracks={name: low}", "tracks.0.range=7"}).tracks.at(0).range, 7.0);
  EXPECT_EQ(parse_with({"tracks={name: low}", "tracks.range=7"}).tracks.at(0).range, 7.0);
}

TEST(TracksSection, ChannelsAreTheTrackers) {
  EXPECT_THAT(track_variables(parse_with({"tracks={}"}).tracks[0]), ElementsAre("u10m", "v10m", "msl", "z300", "z500"));
  EXPECT_THAT(track_variables(parse_with({"tracks={warm_core: t400}"}).tracks[0]),
              ElementsAre("u10m", "v10m", "msl", "t400"));
  EXPECT_EQ(track_variables(parse_with({"tracks={tracker: vitart, compatible: true}"}).tracks[0]).size(), 12U);
}

TEST(TracksSection, ATemperatureHasADropOfItsOwn) {
  EXPECT_EQ(parse_with({"tracks={warm_core: t400}"}).tracks[0].warm_core_drop, 0.4);
  EXPECT_EQ(parse_with({"tracks={warm_core: t400, warm_core_drop: 1}"}).tracks[0].warm_core_drop, 1.0);
  EXPECT_EQ(parse_with({"tracks={}"}).tracks[0].warm_core_drop, 58.8);
}

TEST(TracksSection, AffectsTheForecastWhereItIsThere) {
  const std::string none = forecast_hash(parse_with({})), some = forecast_hash(parse_with({"tracks={}"}));
  EXPECT_NE(some, none);
  EXPECT_NE(forecast_hash(parse_with({"tracks={range: 7}"})), some);
}

TEST(TracksSection, SaysWhatIsWrong) {
  const auto told = [](const std::string& keys) { return problems_with({"tracks={" + keys + "}"}); };
  EXPECT_THAT(told("tracker: wuduan"), HasSubstr("tracks.compatible: is false, and tracker wuduan is Earth2Studio's"));
  EXPECT_THAT(told("compatible: true"), HasSubstr("tracks.compatible: is not used by tracker hens"));
  EXPECT_THAT(told("search_distance: 250"), HasSubstr("is not used by tracker hens, which has range"));
  EXPECT_THAT(told("tracker: vitart, compatible: true, wind: 3"),
              HasSubstr("tracks.wind: is not used by tracker vitart"));
  EXPECT_THAT(told("warm_core: [z500]"), HasSubstr("upper and lower geopotential"));
  EXPECT_THAT(told("warm_core: t2m"), HasSubstr("or one temperature, as t400"));
  EXPECT_THAT(told("min_duration: 24h"), HasSubstr("tracks.min_points: is 10, and a track of min_duration 1d has 5"));
  EXPECT_THAT(told("name: a/b"), HasSubstr("letters a-z"));
  EXPECT_THAT(told("rnge: 8"), HasSubstr("range"));
  EXPECT_THAT(problems_with({"tracks=[{}, {}]"}), HasSubstr("tracks.1.name: an earlier entry has the name 'tc'"));
  EXPECT_THAT(problems_with({"tracks=tc"}), HasSubstr("expected a mapping"));
}

}  // namespace
}  // namespace hens
