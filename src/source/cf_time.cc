#include "source/cf_time.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <regex>
#include <tuple>
#include <vector>

#include <fmt/format.h>

namespace hens {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

double number_of(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

struct Date {
  int year, month, day;
};

// Days of the Julian calendar, whose every fourth year is a leap year (Meeus, Astronomical Algorithms, chapter 7:
// months from March, so that the leap day ends the year). Requires a year after 0.
sys_days julian_day(const Date& date) {
  const bool after_february = date.month > 2;
  const int year = after_february ? date.year : date.year - 1, month = after_february ? date.month - 3 : date.month + 9;
  const int days_since_march_of_year_0 = 365 * year + year / 4 + (153 * month + 2) / 5 + date.day - 1;
  // The Julian 1 March of year 0 is 28 February by Gregorian rules.
  return sys_days(std::chrono::year(0) / 2 / 28) + days(days_since_march_of_year_0);
}

bool is_julian_date(const Date& date) {
  static constexpr int lengths[]{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (date.month < 1 || date.month > 12 || date.day < 1) return false;
  return date.day <= lengths[date.month - 1] + (date.month == 2 && date.year % 4 == 0 ? 1 : 0);
}

std::optional<sys_days> gregorian_day(const Date& date) {
  const std::chrono::year_month_day day{std::chrono::year(date.year), std::chrono::month(date.month),
                                        std::chrono::day(date.day)};
  return day.ok() ? std::optional(sys_days(day)) : std::nullopt;
}

// The day, or why there is none.
std::string find_day(const Date& date, bool mixed, sys_days& day) {
  const std::string text = fmt::format("{}-{}-{}", date.year, date.month, date.day);
  if (mixed && date.year < 1) {
    return fmt::format("date {}: years before 1 mean different things to different programs in the standard calendar",
                       text);
  }
  const auto gregorian = gregorian_day(date);
  // By its parts: 29 February 1900 is a Julian date, and none of the standard calendar.
  const bool after_reform = std::tie(date.year, date.month, date.day) >= std::tuple(1582, 10, 15);
  if (!mixed || after_reform) {
    if (gregorian) day = *gregorian;
    return gregorian ? "" : fmt::format("date {} does not exist", text);
  }
  const bool dropped = date.year == 1582 && date.month == 10 && date.day > 4;
  if (dropped || !is_julian_date(date)) {
    return fmt::format("date {} does not exist{}", text,
                       dropped ? " in the standard calendar, where 15 October follows 4 October 1582" : "");
  }
  day = julian_day(date);
  return "";
}

std::string calendar_problem(const std::string& calendar) {
  if (calendar == "noleap" || calendar == "365_day" || calendar == "all_leap" || calendar == "366_day" ||
      calendar == "360_day" || calendar == "none") {
    return fmt::format("calendar '{}' has no dates of the real year", calendar);
  }
  if (calendar == "julian") return "calendar 'julian' is 13 days behind the dates of analyses";
  if (calendar == "utc" || calendar == "tai") return fmt::format("calendar '{}' counts leap seconds", calendar);
  return fmt::format("calendar '{}' is not known", calendar);
}

std::string unit_problem(const std::string& unit) {
  static const std::regex years("(common_|leap_|julian_|gregorian_|sidereal_|tropical_)?years?|yrs?|a|months?|mons?");
  if (std::regex_match(lower_case(unit), years)) {
    return fmt::format("'{}' has no fixed length", unit);  // UDUNITS' year has 365.242198781 days: nobody means that
  }
  return fmt::format("'{}' is no unit of time", unit);
}

}  // namespace

std::optional<double> cf_unit_seconds(const std::string& unit) {
  static const std::vector<std::pair<std::regex, double>> units{
      {std::regex("s|secs?|seconds?"), 1.0},
      {std::regex("mins?|minutes?"), 60.0},
      {std::regex("h|hrs?|hours?"), 3600.0},
      {std::regex("d|days?"), 86400.0},
      {std::regex("weeks?"), 604800.0},
      {std::regex("ms|msecs?|millisecs?|milliseconds?"), 1e-3},
      {std::regex("us|microsecs?|microseconds?"), 1e-6},
      {std::regex("ns|nanosecs?|nanoseconds?"), 1e-9}};
  if (unit.size() > 20) return std::nullopt;
  const std::string word = unit.size() > 2 ? lower_case(unit) : unit;  // S is siemens, Ms a million seconds
  for (const auto& [pattern, seconds] : units) {
    if (std::regex_match(word, pattern)) return seconds;
  }
  return std::nullopt;
}

bool is_cf_clock(const std::string& units) { return lower_case(units).find(" since ") != std::string::npos; }

std::optional<Time> CfClock::at(double value) const {
  const double seconds = value * unit_seconds + epoch_fraction;
  if (!(std::abs(seconds) < 3.2e12)) return std::nullopt;
  return epoch + std::chrono::seconds(std::llround(seconds));
}

CfClockReading read_cf_clock(const std::string& units, const std::string& calendar) {
  // UDUNITS also takes a number before the unit, `after`, `from`, `ref` or `@` for `since`, and a packed date.
  static const std::regex pattern(
      R"(\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*)?([A-Za-z_]+)\s*(?:\s(?:since|after|from|ref)\s|@)\s*)"
      R"((?:([+-]?\d{1,4})-(\d{1,2})-(\d{1,2})|(\d{4})(\d{2})(\d{2}))(.*))",
      std::regex::icase);
  static const std::regex clock_pattern(
      R"((?:[T ]\s*(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(\.\d*)?)?|(\d{2})(\d{2})?)?)?\s*(.*?)\s*)", std::regex::icase);
  static const std::regex utc("Z|UTC|GMT|[+-]?0{1,2}:?0{0,2}|", std::regex::icase);
  static const std::regex zone("[+-]?\\d{1,2}(:?\\d{2})?|[A-Z]{3,5}", std::regex::icase);
  std::smatch date_part, clock_part;
  const std::string name = lower_case(calendar);
  const bool mixed = name.empty() || name == "standard" || name == "gregorian";
  if (!mixed && name != "proleptic_gregorian") {
    return {std::nullopt, calendar_problem(name) + ": expected standard, gregorian or proleptic_gregorian"};
  }
  if (units.size() > 100 || !std::regex_match(units, date_part, pattern)) return {std::nullopt, "is no clock"};
  const std::string rest = date_part[9];
  if (!std::regex_match(rest, clock_part, clock_pattern)) return {std::nullopt, "is no clock"};
  const auto seconds = cf_unit_seconds(date_part[2]);
  if (!seconds) return {std::nullopt, unit_problem(date_part[2])};

  const auto integer = [](const std::ssub_match& text) { return text.matched ? std::stoi(text.str()) : 0; };
  const size_t group = date_part[3].matched ? 3 : 6;
  const Date date{integer(date_part[group]), integer(date_part[group + 1]), integer(date_part[group + 2])};
  sys_days day;
  if (const std::string problem = find_day(date, mixed, day); !problem.empty()) return {std::nullopt, problem};
  const bool packed = clock_part[5].matched;  // T063000
  const int hour = integer(clock_part[1]), minute = integer(clock_part[packed ? 5 : 2]),
            second = integer(clock_part[packed ? 6 : 3]);
  if (hour > 23 || minute > 59 || second > 59) {
    return {std::nullopt, fmt::format("{:02}:{:02}:{:02} is no time of day", hour, minute, second)};
  }
  const std::string behind = clock_part[7];
  if (!std::regex_match(behind, utc)) {
    return {std::nullopt, std::regex_match(behind, zone)
                              ? fmt::format("the time zone '{}' is not UTC", behind)
                              : fmt::format("'{}' behind the date is no time", behind.substr(0, 40))};
  }
  const std::string fraction = clock_part[4].matched ? "0" + clock_part[4].str() : "0";
  const double factor = date_part[1].matched ? number_of(date_part[1]) : 1.0;
  if (!(factor > 0)) return {std::nullopt, "is no clock: the unit is 0"};
  return {CfClock{factor * *seconds,
                  day + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second),
                  number_of(fraction)},
          ""};
}

std::optional<CfClock> parse_cf_clock(const std::string& units, const std::string& calendar) {
  return read_cf_clock(units, calendar).clock;
}

}  // namespace hens
