#include "base/time.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <ctime>

#include "base/error.h"

namespace hens {
namespace {

// Reads exactly `digits` decimal digits from the front of `text`; false where they are not there.
bool take_number(std::string_view& text, size_t digits, int& value) {
  if (text.size() < digits) return false;
  for (size_t i = 0; i < digits; ++i) {
    if (!std::isdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  std::from_chars(text.data(), text.data() + digits, value);
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool parse_clock(std::string_view& text, int& hour, int& minute, int& second) {
  if (!take_number(text, 2, hour)) return false;
  if (!take(text, ':')) return true;
  if (!take_number(text, 2, minute)) return false;
  if (!take(text, ':')) return true;
  if (!take_number(text, 2, second)) return false;
  if (take(text, '.')) {  // numpy's and JavaScript's .000
    if (!take(text, '0')) return false;
    while (take(text, '0')) {
    }
  }
  return true;
}

// +01:00, +0100 or +01: seconds east of UTC.
bool parse_offset(std::string_view& text, Duration& offset) {
  const bool west = !text.empty() && text.front() == '-';
  int hours = 0, minutes = 0;
  text.remove_prefix(1);
  if (!take_number(text, 2, hours)) return false;
  if (take(text, ':') ? !take_number(text, 2, minutes) : !text.empty() && !take_number(text, 2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  if (west) offset = -offset;
  return true;
}

bool try_parse(std::string_view text, Time& time, Duration& offset) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) || !take(text, '-') ||
      !take_number(text, 2, day)) {
    return false;
  }
  const bool has_clock = take(text, 'T') || take(text, ' ');
  if (has_clock && !parse_clock(text, hour, minute, second)) return false;
  if (has_clock && !text.empty() && (text.front() == '+' || text.front() == '-')) {
    if (!parse_offset(text, offset)) return false;
  } else {
    take(text, 'Z');
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 59) return false;
  time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
  return true;
}

}  // namespace

Time parse_time(std::string_view text) {
  Time time;
  Duration offset{};
  if (!try_parse(text, time, offset)) {
    fail(ExitCode::bad_input, "'{}' is not a time: expected UTC as 2024-01-01T00:00:00Z", text);
  }
  if (offset != Duration::zero()) {
    fail(ExitCode::bad_input, "'{}' is not in UTC: expected {}, which is the same", text, iso_time(time - offset));
  }
  return time;
}

std::string other_offset_in_utc(std::string_view text) {
  Time time;
  Duration offset{};
  return try_parse(text, time, offset) && offset != Duration::zero() ? iso_time(time - offset) : "";
}

Duration parse_duration(std::string_view text) {
  long value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(rest, text.data() + text.size() - rest);
  constexpr long century = 100L * 366 * 86400;
  if (error == std::errc() && value >= 0 && value <= century) {
    if (unit == "s") return std::chrono::seconds(value);
    if (unit == "m" || unit == "min") return std::chrono::minutes(value);
    if (unit == "h") return std::chrono::hours(value);
    if (unit == "d") return std::chrono::days(value);
  }
  fail(ExitCode::bad_input, "'{}' is not a duration: expected a whole number with a unit, as 6h, 10d, 30m or 90s",
       text);
}

std::string format_time(Time time, const char* pattern) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 256> text{};
  const size_t size = std::strftime(text.data(), text.size(), pattern, &parts);
  return {text.data(), size};
}

std::string iso_time(Time time) { return format_time(time, "%04Y-%m-%dT%H:%M:%SZ"); }  // glibc's %Y does not pad

std::string compact_time(Time time) {
  const bool whole_hour = time.time_since_epoch() % std::chrono::hours(1) == Duration::zero();
  return format_time(time, whole_hour ? "%04Y%m%dT%H" : "%04Y%m%dT%H%M");
}

std::string duration_text(Duration duration) {
  const long seconds = duration.count();
  if (seconds != 0 && seconds % 86400 == 0) return fmt::format("{}d", seconds / 86400);
  if (seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  if (seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

Moment moment_now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

std::string iso_moment(Moment moment) {
  const Time second = std::chrono::floor<std::chrono::seconds>(moment);
  return format_time(second, "%Y-%m-%dT%H:%M:%S") + fmt::format(".{:03}Z", (moment - second).count());
}

Moment parse_moment(std::string_view text) {
  const size_t point = text.find('.');
  if (point == std::string_view::npos) return parse_time(text);
  std::string_view fraction = text.substr(point + 1);
  int milliseconds = 0;
  if (!take_number(fraction, 3, milliseconds) || fraction != "Z") {
    fail(ExitCode::bad_input, "'{}' is not a time: expected UTC as 2024-01-01T00:00:00.250Z", text);
  }
  return parse_time(text.substr(0, point)) + std::chrono::milliseconds(milliseconds);
}

}  // namespace hens
