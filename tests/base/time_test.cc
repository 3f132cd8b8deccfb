#include "base/time.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

using namespace std::chrono;

constexpr Time new_year = sys_days(2024y / January / 1);

ExitCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

TEST(Time, EverySpellingMeansTheSamePoint) {
  for (const char* text :
       {"2024-01-01", "2024-01-01Z", "2024-01-01T00", "2024-01-01T00Z", "2024-01-01T00:00", "2024-01-01 00:00Z",
        "2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+00:00", "2024-01-01 00:00:00+00:00",
        "2024-01-01T00:00+0000", "2024-01-01T00:00:00-00:00", "2024-01-01T00+00", "2024-01-01T00:00:00.000Z",
        "2024-01-01T00:00:00.000000000", "2024-01-01T00:00:00.000000+00:00"}) {
    EXPECT_EQ(parse_time(text), new_year) << text;
  }
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z").time_since_epoch().count(), 0);
  EXPECT_EQ(parse_time("2015-09-12T18:30:05Z").time_since_epoch().count(), 1442082605);  // date -u -d ... +%s
}

// Not converted: a spec says what it means in one clock.
TEST(Time, AnotherOffsetIsNamedWithItsTimeInUtc) {
  for (const auto& [text, utc] : std::initializer_list<std::pair<const char*, const char*>>{
           {"2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z"},
           {"2023-12-31T19:30-0430", "2024-01-01T00:00:00Z"},
           {"2024-01-01T05+05", "2024-01-01T00:00:00Z"},
           {"2024-03-01T00:30:00+05:45", "2024-02-29T18:45:00Z"}}) {
    EXPECT_EQ(other_offset_in_utc(text), utc);
    try {
      parse_time(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), std::string("'") + text + "' is not in UTC: expected " + utc + ", which is the same");
    }
  }
  for (const char* text : {"2024-01-01T00:00:00+00:00", "2024-01-01", "today", "2024-01-01T00:00:00+24:00",
                           "2024-01-01T00:00:00+1", "2024-01-01+01:00", "2024-01-01T00:00:00+01:00:00"}) {
    EXPECT_EQ(other_offset_in_utc(text), "") << text;
  }
}

TEST(Time, TextAndTimeRoundTrip) {
  // A prime stride of about eleven days visits all months, leap days, hours and seconds from 1900 to 2100.
  for (Time time = sys_days(1900y / January / 1); time < sys_days(2100y / January / 1); time += seconds(950009)) {
    ASSERT_EQ(parse_time(iso_time(time)), time) << iso_time(time);
  }
}

// 1-01-01T00:00:00Z, which nothing reads.
TEST(Time, TextHasFourDigitsOfTheYear) {
  EXPECT_EQ(iso_time(parse_time("0001-01-01")), "0001-01-01T00:00:00Z");
  EXPECT_EQ(compact_time(parse_time("0987-01-01")), "09870101T00");
}

TEST(Time, KnowsLeapDays) {
  EXPECT_EQ(parse_time("2024-02-29") + days(1), parse_time("2024-03-01"));
  EXPECT_EQ(parse_time("2000-02-29") + days(1), parse_time("2000-03-01"));
  for (const char* text : {"2023-02-29", "1900-02-29", "2100-02-29"}) EXPECT_THROW(parse_time(text), Error) << text;
}

TEST(Time, RefusesWhatIsNoTimeAndNamesIt) {
  for (const char* text : {"",
                           " ",
                           "today",
                           "2024",
                           "2024-01",
                           "2024-1-1",
                           "24-01-01",
                           "2024-13-01",
                           "2024-00-01",
                           "2024-01-32",
                           "2024-01-00",
                           "2024/01/01",
                           "20240101",
                           "2024-01-01T",
                           "2024-01-01T24",
                           "2024-01-01T0",
                           "2024-01-01T00:60",
                           "2024-01-01T00:0",
                           "2024-01-01T00:00:60",
                           "2024-01-01T00:00:00+01:00",
                           "2024-01-01T00:00:00.5Z",
                           "2024-01-01T00:00:00.",
                           "2024-01-01T00:00.0",
                           "2024-01-01+00:00",
                           "2024-01-01T00:00:00+",
                           "2024-01-01T00:00:00+00:0",
                           "2024-01-01T00:00:00+00:00Z",
                           "2024-01-01T00:00:00Z+00:00",
                           "2024-01-01T00:00:00ZZ",
                           " 2024-01-01",
                           "2024-01-01 ",
                           "-2024-01-01",
                           "+024-01-01",
                           "2024-01-+1"}) {
    EXPECT_EQ(code_of([&] { parse_time(text); }), ExitCode::bad_input) << "'" << text << "'";
  }
  try {
    parse_time("2024-13-01");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("2024-13-01"), std::string::npos);
  }
}

TEST(Time, CompactNamesShowMinutesOnlyWhereThereAreSome) {
  EXPECT_EQ(compact_time(new_year), "20240101T00");
  EXPECT_EQ(compact_time(new_year + hours(18)), "20240101T18");
  EXPECT_EQ(compact_time(new_year + minutes(30)), "20240101T0030");
  EXPECT_EQ(format_time(new_year + hours(6), "gfs.%Y%m%d/%H/atmos"), "gfs.20240101/06/atmos");
}

TEST(Duration, HasUnits) {
  EXPECT_EQ(parse_duration("6h"), hours(6));
  EXPECT_EQ(parse_duration("10d"), days(10));
  EXPECT_EQ(parse_duration("30m"), minutes(30));
  EXPECT_EQ(parse_duration("30min"), minutes(30));
  EXPECT_EQ(parse_duration("90s"), seconds(90));
  EXPECT_EQ(parse_duration("0h"), seconds(0));
}

TEST(Duration, TextIsTheLargestUnitThatDividesAndRoundTrips) {
  EXPECT_EQ(duration_text(hours(6)), "6h");
  EXPECT_EQ(duration_text(hours(48)), "2d");
  EXPECT_EQ(duration_text(hours(36)), "36h");
  EXPECT_EQ(duration_text(seconds(90)), "90s");
  EXPECT_EQ(duration_text(seconds(0)), "0h");
  EXPECT_EQ(duration_text(-hours(6)), "-6h");
  for (int value = 0; value < 200000; value += 977) {
    ASSERT_EQ(parse_duration(duration_text(seconds(value))), seconds(value)) << value;
  }
}

TEST(Duration, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "6", "h", "6 h", " 6h", "6h ", "-6h", "+6h", "6.5h", "6H", "6y", "6hh", "1e3h", "0x6h",
                           "99999999999999999999h", "9223372036854775807d"}) {
    EXPECT_EQ(code_of([&] { parse_duration(text); }), ExitCode::bad_input) << "'" << text << "'";
  }
}

TEST(Moment, TextAndMomentRoundTrip) {
  const Moment moment = new_year + milliseconds(250);
  EXPECT_EQ(iso_moment(moment), "2024-01-01T00:00:00.250Z");
  EXPECT_EQ(iso_moment(new_year - milliseconds(1)), "2023-12-31T23:59:59.999Z");
  EXPECT_EQ(parse_moment("2024-01-01T00:00:00.250Z"), moment);
  EXPECT_EQ(parse_moment("2024-01-01T00:00:00Z"), new_year);
  for (const char* text : {"", "2024-01-01T00:00:00.25Z", "2024-01-01T00:00:00.250", "2024-01-01T00:00:00.2500Z"}) {
    EXPECT_EQ(code_of([&] { parse_moment(text); }), ExitCode::bad_input) << text;
  }
}

}  // namespace
}  // namespace hens
