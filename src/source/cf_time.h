// Time axes in CF's way: "hours since 1900-01-01 00:00:00". Pure functions; the text is untrusted.
//
// Dates are read in the calendar that the file names: `standard` and `gregorian` (and no calendar at all) are the mixed
// calendar of CF and UDUNITS, Julian up to 4 October 1582, which 15 October follows; `proleptic_gregorian` has the
// Gregorian rules at all times. Calendars of model years (noleap, 360_day ...), the Julian one, and those that count
// leap seconds (utc, tai) are refused: their dates are no dates of an analysis, or need tables that age.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace hens {

// Seconds in a CF unit of time (weeks, days, hours, minutes, seconds and their short forms, also milli-, micro- and
// nanoseconds; long forms in any case); none for anything else.
std::optional<double> cf_unit_seconds(const std::string& unit);

// A clock "<unit> since <date>": numbers on a time axis to points in time.
struct CfClock {
  double unit_seconds = 1;
  Time epoch{};
  double epoch_fraction = 0;  // seconds after `epoch`, below 1
  // Rounded to whole seconds; none for values that are not finite or beyond 100,000 years.
  std::optional<Time> at(double value) const;
};

// The clock that `units` and `calendar` (empty: standard) name, or why there is none: "calendar '360_day' has no dates
// of the real year: expected ...".
struct CfClockReading {
  std::optional<CfClock> clock;
  std::string problem;
};
CfClockReading read_cf_clock(const std::string& units, const std::string& calendar);

// The clock alone.
std::optional<CfClock> parse_cf_clock(const std::string& units, const std::string& calendar);

// Whether `units` looks like those of a clock: has the word `since`.
bool is_cf_clock(const std::string& units);

}  // namespace hens
