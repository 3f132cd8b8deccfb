// CF's clocks.
#include "source/cf_time.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <gmock/gmock.h>

namespace hens {
namespace {

using ::testing::HasSubstr;

std::string at(const std::string& units, double value, const char* calendar = "") {
  const auto clock = parse_cf_clock(units, calendar);
  const auto time = clock ? clock->at(value) : std::nullopt;
  return time ? iso_time(*time) : "none";
}

std::string problem(const std::string& units, const char* calendar = "") {
  const CfClockReading reading = read_cf_clock(units, calendar);
  EXPECT_FALSE(reading.clock) << units;
  return reading.problem;
}

TEST(CfTime, ReadsTheClocksOfAnalyses) {
  EXPECT_EQ(at("hours since 1900-01-01 00:00:00.0", 692496, "gregorian"), "1979-01-01T00:00:00Z");
  EXPECT_EQ(at("hours since 1959-01-01", 24, "proleptic_gregorian"), "1959-01-02T00:00:00Z");
  EXPECT_EQ(at("seconds since 1970-01-01", 1704067200), "2024-01-01T00:00:00Z");
  EXPECT_EQ(at("days since 2000-1-1 12:00", 0.25, "standard"), "2000-01-01T18:00:00Z");
  EXPECT_EQ(at("minutes since 2024-01-01T00:00:00Z", -30), "2023-12-31T23:30:00Z");
  EXPECT_EQ(at("nanoseconds since 1970-01-01 00:00:00 +00:00", 1.7040672e18), "2024-01-01T00:00:00Z");
}

// The standard calendar is Julian before 15 October 1582. Values: cftime 1.6 (num2date).
TEST(CfTime, TheStandardCalendarIsJulianBefore1582) {
  for (const char* calendar : {"", "standard", "gregorian", "Gregorian"}) {
    EXPECT_EQ(at("hours since 0001-01-01 00:00:00.0", 17660400, calendar), "2015-09-08T00:00:00Z") << calendar;
    EXPECT_EQ(at("hours since 1-1-1 00:00:0.0", 17660406, calendar), "2015-09-08T06:00:00Z") << calendar;
    EXPECT_EQ(at("days since 1000-03-01", 374000, calendar), "2024-02-27T00:00:00Z") << calendar;
    EXPECT_EQ(at("days since 1200-01-01", 300000, calendar), "2021-05-23T00:00:00Z") << calendar;
    EXPECT_EQ(at("days since 1500-02-29", 188500, calendar), "2016-04-13T00:00:00Z") << "a leap year then";
    EXPECT_EQ(at("days since 1582-10-04", 1, calendar), "1582-10-15T00:00:00Z");
    EXPECT_EQ(at("days since 1582-10-15", 0, calendar), "1582-10-15T00:00:00Z");
  }
  EXPECT_EQ(at("hours since 0001-01-01", 17660400, "proleptic_gregorian"), "2015-09-10T00:00:00Z");
  EXPECT_EQ(at("days since 0000-01-01", 739251, "proleptic_gregorian"), "2024-01-01T00:00:00Z");
  EXPECT_EQ(at("days since -0004-02-29", 740000, "proleptic_gregorian"), "2022-03-19T00:00:00Z");
}

TEST(CfTime, DatesThatACalendarLacksAreNamed) {
  EXPECT_THAT(problem("days since 1582-10-05"), HasSubstr("15 October follows 4 October 1582"));
  EXPECT_THAT(problem("days since 1582-10-14", "gregorian"), HasSubstr("15 October follows 4 October 1582"));
  EXPECT_EQ(at("days since 1582-10-05", 0, "proleptic_gregorian"), "1582-10-05T00:00:00Z");
  EXPECT_THAT(problem("days since 1501-02-29"), HasSubstr("1501-2-29 does not exist"));
  EXPECT_THAT(problem("days since 1500-02-29", "proleptic_gregorian"), HasSubstr("1500-2-29 does not exist"));
  EXPECT_THAT(problem("days since 1900-02-29"), HasSubstr("1900-2-29 does not exist"));
  EXPECT_THAT(problem("days since 0000-01-01"), HasSubstr("years before 1"));
  EXPECT_THAT(problem("days since -0010-01-01", "gregorian"), HasSubstr("years before 1"));
}

TEST(CfTime, OtherCalendarsAreRefusedByName) {
  for (const char* calendar :
       {"noleap", "365_day", "all_leap", "366_day", "360_day", "julian", "utc", "tai", "none", "360_DAY", "maya"}) {
    std::string name = calendar;
    std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    EXPECT_THAT(problem("days since 2000-01-01", calendar), HasSubstr("calendar '" + name + "'"));
    EXPECT_THAT(problem("days since 2000-01-01", calendar), HasSubstr("expected standard, gregorian"));
  }
}

TEST(CfTime, KnowsTheSpellingsOfUnits) {
  for (const char* unit : {"hours", "hour", "hr", "hrs", "h", "Hours", "HOURS", "60 minutes", "3600 s", "1e0 hour"}) {
    const std::string text = unit;
    EXPECT_EQ(at(text + " since 2024-01-01", 6), "2024-01-01T06:00:00Z") << text;
  }
  EXPECT_EQ(at("6 hours since 2024-01-01", 2), "2024-01-01T12:00:00Z");
  EXPECT_EQ(at("0.25 days since 2024-01-01", 3), "2024-01-01T18:00:00Z");
  EXPECT_EQ(at("weeks since 2024-01-01", 1), "2024-01-08T00:00:00Z");
  EXPECT_EQ(at("microseconds since 2024-01-01", 3.6e9), "2024-01-01T01:00:00Z");
  EXPECT_EQ(at("days since 20240101", 1), "2024-01-02T00:00:00Z");
  EXPECT_EQ(at("hours since 20240101T0600", 1), "2024-01-01T07:00:00Z");
  EXPECT_EQ(at("hours Since 2024-01-01 00:00 UTC", 1), "2024-01-01T01:00:00Z");
  EXPECT_EQ(at("hours after 2024-01-01", 1), "2024-01-01T01:00:00Z");
  EXPECT_EQ(at("hours @ 2024-01-01", 1), "2024-01-01T01:00:00Z");
  for (const char* unit : {"months", "month", "years", "common_years", "yr", "Months"}) {
    EXPECT_THAT(problem(std::string(unit) + " since 2000-01-01"), HasSubstr("has no fixed length")) << unit;
  }
  for (const char* unit : {"H", "S", "fortnights", "parsecs"}) {
    EXPECT_THAT(problem(std::string(unit) + " since 2000-01-01"), HasSubstr("is no unit of time")) << unit;
  }
}

// Half a second of the epoch counts before the sum is rounded.
TEST(CfTime, FractionsOfSecondsCount) {
  EXPECT_EQ(at("seconds since 2000-01-01 00:00:42.75", 0.75), "2000-01-01T00:00:44Z");  // 43.5, rounded away from 0
  EXPECT_EQ(at("seconds since 2000-01-01 00:00:42.5", 0.25), "2000-01-01T00:00:43Z");
  EXPECT_EQ(at("seconds since 2000-01-01 00:00:42.25", 0), "2000-01-01T00:00:42Z");
}

TEST(CfTime, RefusesWhatItCannotKnow) {
  for (const char* units :
       {"", "hours", "months since 2000-01-01", "hours since 2000-13-01", "hours since 2000-01-01 25:00",
        "hours since 2000-01-01 00:00 +01:00", "hours since 2000-01-01 and so on"}) {
    EXPECT_EQ(at(units, 0), "none") << units;
  }
  for (const char* zone : {"+01:00", "-6:00", "+0530", "-7", "CET", "EST"}) {
    EXPECT_THAT(problem(std::string("hours since 2000-01-01 00:00:00 ") + zone),
                HasSubstr(std::string("the time zone '") + zone + "' is not UTC"));
  }
  EXPECT_THAT(problem("day as %Y%m%d.%f"), HasSubstr("is no clock"));
  EXPECT_EQ(at("days since 2000-01-01", 1, "360_day"), "none");
  EXPECT_EQ(at("days since 2000-01-01", NAN), "none");
  EXPECT_EQ(at("days since 2000-01-01", 1e300), "none");
}

}  // namespace
}  // namespace hens
