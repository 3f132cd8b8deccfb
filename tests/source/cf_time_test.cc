// CF's clocks.
#include "source/cf_time.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hens {
namespace {

std::string at(const char* units, double value, const char* calendar = "") {
  const auto clock = parse_cf_clock(units, calendar);
  const auto time = clock ? clock->at(value) : std::nullopt;
  return time ? iso_time(*time) : "none";
}

TEST(CfTime, ReadsTheClocksOfAnalyses) {
  EXPECT_EQ(at("hours since 1900-01-01 00:00:00.0", 692496, "gregorian"), "1979-01-01T00:00:00Z");
  EXPECT_EQ(at("hours since 1959-01-01", 24, "proleptic_gregorian"), "1959-01-02T00:00:00Z");
  EXPECT_EQ(at("seconds since 1970-01-01", 1704067200), "2024-01-01T00:00:00Z");
  EXPECT_EQ(at("days since 2000-1-1 12:00", 0.25, "standard"), "2000-01-01T18:00:00Z");
  EXPECT_EQ(at("minutes since 2024-01-01T00:00:00Z", -30), "2023-12-31T23:30:00Z");
  EXPECT_EQ(at("nanoseconds since 1970-01-01 00:00:00 +00:00", 1.7040672e18), "2024-01-01T00:00:00Z");
}

TEST(CfTime, RefusesWhatItCannotKnow) {
  for (const char* units :
       {"", "hours", "months since 2000-01-01", "hours since 2000-13-01", "hours since 2000-01-01 25:00",
        "hours since 2000-01-01 00:00 +01:00", "hours since 2000-01-01 and so on"}) {
    EXPECT_EQ(at(units, 0), "none") << units;
  }
  EXPECT_EQ(at("days since 2000-01-01", 1, "360_day"), "none");
  EXPECT_EQ(at("days since 2000-01-01", NAN), "none");
  EXPECT_EQ(at("days since 2000-01-01", 1e300), "none");
}

}  // namespace
}  // namespace hens
