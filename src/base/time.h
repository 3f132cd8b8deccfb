// Points in time and durations of forecasts: UTC, whole seconds, proleptic Gregorian calendar, no leap seconds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace hens {

using Time = std::chrono::sys_seconds;  // UTC
using Duration = std::chrono::seconds;  // may be negative

inline constexpr Duration model_step = std::chrono::hours(6);  // one step of every HENS model

// Parses ISO 8601 in UTC: 2024-01-01, 2024-01-01T00, 2024-01-01T00:00, 2024-01-01T00:00:00, each with or without Z, or
// a blank instead of T; what has a clock may also say UTC as +00:00, as Python's isoformat does, and end in .000.
// Throws Error{bad_input} naming the text; another offset than UTC's is named with the time in UTC that it means.
Time parse_time(std::string_view text);

// Of a time that parse_time refuses for its offset alone: the same in UTC, as 2024-01-01T00:00:00Z. Else empty.
std::string other_offset_in_utc(std::string_view text);

// Parses a positive or zero duration: 6h, 10d, 30m, 90s. Throws Error{bad_input} naming the text.
Duration parse_duration(std::string_view text);

// fmt-like strftime in UTC, e.g. "%Y-%m-%dT%H:%M:%SZ". Knows what strftime(3) knows.
std::string format_time(Time time, const char* pattern);

std::string iso_time(Time time);               // 2024-01-01T00:00:00Z
std::string compact_time(Time time);           // 20240101T00, with minutes as 20240101T0030 where they are not zero
std::string duration_text(Duration duration);  // 6h, 10d, 90s: the largest unit that divides it

// When something happened on this machine, for records and logs.
using Moment = std::chrono::sys_time<std::chrono::milliseconds>;  // UTC

Moment moment_now();
std::string iso_moment(Moment moment);  // 2024-01-01T00:00:00.250Z
// Parses what iso_moment gives, or parse_time takes. Throws Error{bad_input} naming the text.
Moment parse_moment(std::string_view text);

}  // namespace hens
