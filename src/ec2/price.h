// What a launch can cost: the timer's length times a price. Pure functions.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace hens::ec2 {

inline constexpr const char* price_date = "2025";  // of the table of default prices

// USD an hour, Linux on demand in us-east-1; none for a type that the table does not have. Other regions cost up to a
// third more.
std::optional<double> default_price(const std::string& instance_type);

// Reads --price-per-hour: a positive number. Throws Error{usage}.
double parse_price(const std::string& text);

// Whole cents, rounded up: what is promised as the most is never too little.
std::string most_cost_text(double price_per_hour, Duration timer);

// The sentence shown before a launch.
std::string launch_cost_text(const std::string& instance_type, std::optional<double> given_price, int timer_minutes);

}  // namespace hens::ec2
