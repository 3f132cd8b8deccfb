#include "job/statistics_section.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/spec_text.h"

namespace hens {
namespace {

using std::chrono::hours;
using test::parse_with;
using test::problems_with;
using testing::ElementsAre;
using testing::HasSubstr;

StatisticsSpec entry(const std::string& keys) {
  return parse_with({"statistics=[{variables: [t2m], " + keys + "}]"}).statistics.at(0);
}

TEST(StatisticsLeads, BeginWithTheInitialStateUnlessThereAreWindows) {
  EXPECT_THAT(statistics_leads(entry("extremes: true"), 2), ElementsAre(hours(0), hours(6), hours(12)));
  EXPECT_THAT(statistics_leads(entry("every: 12h"), 4), ElementsAre(hours(0), hours(12), hours(24)));
  EXPECT_THAT(statistics_leads(entry("leads: [24h, 6h, 30h]"), 4), ElementsAre(hours(6), hours(24)));
  EXPECT_THAT(statistics_leads(entry("over: 12h, reduce: max"), 4), ElementsAre(hours(12), hours(24)));
  EXPECT_THAT(statistics_leads(entry("over: 6h, every: 12h, reduce: sum"), 4), ElementsAre(hours(12), hours(24)));
}

TEST(StatisticsName, TellsWindowsApart) {
  EXPECT_EQ(statistics_name(entry("extremes: true"), "t2m"), "t2m");
  EXPECT_EQ(statistics_name(entry("over: 24h, reduce: max"), "t2m"), "t2m_max1d");
}

TEST(StatisticsSection, LaggedInitialTimesMustMeet) {
  const std::string two = "initial_conditions.times=[2024-01-01T00:00:00Z, 2024-01-01T12:00:00Z]",
                    lagged = "ensemble.lagged=true";
  EXPECT_EQ(problems_with({two, lagged, "statistics=[{variables: t2m}]"}), "");
  EXPECT_NE(forecast_hash(parse_with({two, lagged, "statistics=[{variables: t2m}]"})),
            forecast_hash(parse_with({two, "statistics=[{variables: t2m}]"})));
  EXPECT_THAT(problems_with({two, lagged, "statistics=[{variables: t2m, leads: [24h]}]"}),
              HasSubstr("statistics.0: has no lead time of 2024-01-01T12:00:00Z"));
  EXPECT_THAT(problems_with({two, lagged}), HasSubstr("ensemble.lagged: is true"));
  EXPECT_THAT(problems_with({lagged, "statistics=[{variables: t2m}]"}), HasSubstr("at least two times"));
}

TEST(StatisticsSection, MembersMayBeLeftOut) {
  EXPECT_TRUE(parse_with({"output=[]", "statistics=[{variables: t2m}]"}).output.empty());
  EXPECT_THAT(problems_with({"output=[]"}), HasSubstr("expected at least one output, or statistics"));
  EXPECT_THAT(problems_with({"output={name: statistics}", "statistics=[{variables: t2m}]"}),
              HasSubstr("give the output another name"));
}

TEST(StatisticsSection, SaysWhatIsWrong) {
  const auto told = [](const std::string& keys) {
    return problems_with({"statistics=[{variables: [t2m], " + keys + "}]"});
  };
  EXPECT_THAT(told("leads: 6h, every: 6h"), HasSubstr("statistics.0.every: says the same as leads"));
  EXPECT_THAT(told("over: 12h"), HasSubstr("statistics.0.reduce: is missing"));
  EXPECT_THAT(told("over: 12h, reduce: none"), HasSubstr("statistics.0.reduce: is none beside over"));
  EXPECT_THAT(told("reduce: max"), HasSubstr("expected over"));
  EXPECT_THAT(told("over: 12h, reduce: max, every: 6h"), HasSubstr("overlap"));
  EXPECT_THAT(told("over: 12h, reduce: max, leads: [6h]"), HasSubstr("begin before the forecast"));
  EXPECT_THAT(told("leads: [30h]"), HasSubstr("leaves nothing of a forecast of 4 steps"));
  EXPECT_THAT(told("quantiles: [0]"), HasSubstr("expected numbers from"));
  EXPECT_THAT(told("width: 1"), HasSubstr("expected quantiles"));
  EXPECT_THAT(told("moments: false"), HasSubstr("leave the entry out"));
  EXPECT_THAT(problems_with({"statistics={variables: t2m}"}), HasSubstr("expected a list of entries"));
  EXPECT_THAT(problems_with({"statistics=[{variables: [t2m]}, {variables: [z500, t2m]}]"}),
              HasSubstr("makes t2m_mean, which an earlier entry makes, too"));
  EXPECT_EQ(problems_with({"statistics=[{variables: [t2m]}, {variables: [t2m], moments: false, quantiles: [0.5]}]"}),
            "");
}

// Folders of jobs without statistics, and of versions without them, keep their hash.
TEST(StatisticsSection, IsNotInTheHashOfAJobWithoutStatistics) {
  EXPECT_EQ(forecast_hash(parse_with({"statistics=[]"})), forecast_hash(parse_with({})));
  EXPECT_NE(forecast_hash(parse_with({"statistics=[{variables: t2m}]"})), forecast_hash(parse_with({})));
}

}  // namespace
}  // namespace hens
