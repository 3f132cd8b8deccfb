// Time axes in CF's way: "hours since 1900-01-01 00:00:00". Pure functions; the text is untrusted.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace hens {

// Seconds in a CF unit of time (seconds, minutes, hours, days and their short forms, also milli-, micro- and
// nanoseconds); none for anything else.
std::optional<double> cf_unit_seconds(const std::string& unit);

// A clock "<unit> since <date>": numbers on a time axis to points in time.
struct CfClock {
  double unit_seconds = 1;
  Time epoch{};
  // Rounded to whole seconds; none for values that are not finite or beyond 100,000 years.
  std::optional<Time> at(double value) const;
};

// None where `units` is no clock, has a time zone other than UTC, or `calendar` (empty: standard) is none of standard,
// gregorian and proleptic_gregorian.
std::optional<CfClock> parse_cf_clock(const std::string& units, const std::string& calendar);

}  // namespace hens
