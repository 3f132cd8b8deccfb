#include "source/cf_time.h"

#include <cmath>
#include <regex>
#include <vector>

namespace hens {

std::optional<double> cf_unit_seconds(const std::string& unit) {
  static const std::vector<std::pair<std::regex, double>> units{
      {std::regex("s|secs?|seconds?"), 1.0},         {std::regex("mins?|minutes?"), 60.0},
      {std::regex("h|hrs?|hours?"), 3600.0},         {std::regex("d|days?"), 86400.0},
      {std::regex("ms|msecs?|milliseconds?"), 1e-3}, {std::regex("us|microseconds?"), 1e-6},
      {std::regex("ns|nanoseconds?"), 1e-9}};
  if (unit.size() > 20) return std::nullopt;
  for (const auto& [pattern, seconds] : units) {
    if (std::regex_match(unit, pattern)) return seconds;
  }
  return std::nullopt;
}

std::optional<Time> CfClock::at(double value) const {
  const double seconds = value * unit_seconds;
  if (!(std::abs(seconds) < 3.2e12)) return std::nullopt;
  return epoch + std::chrono::seconds(std::llround(seconds));
}

std::optional<CfClock> parse_cf_clock(const std::string& units, const std::string& calendar) {
  const bool known =
      calendar.empty() || calendar == "standard" || calendar == "gregorian" || calendar == "proleptic_gregorian";
  static const std::regex pattern(
      R"(([a-z]+) since (\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2})(?:\.\d*)?)?)?)"
      R"(\s*(?:Z|UTC|GMT|[+-]0{1,2}:?0{0,2})?\s*)");
  std::smatch part;
  if (!known || units.size() > 100 || !std::regex_match(units, part, pattern)) return std::nullopt;
  const auto number = [&](int group) { return part[group].matched ? std::stoi(part[group]) : 0; };
  const auto seconds = cf_unit_seconds(part[1]);
  const std::chrono::year_month_day date{std::chrono::year(number(2)), std::chrono::month(number(3)),
                                         std::chrono::day(number(4))};
  if (!seconds || !date.ok() || number(5) > 23 || number(6) > 59 || number(7) > 59) return std::nullopt;
  return CfClock{*seconds, std::chrono::sys_days(date) + std::chrono::hours(number(5)) +
                               std::chrono::minutes(number(6)) + std::chrono::seconds(number(7))};
}

}  // namespace hens
