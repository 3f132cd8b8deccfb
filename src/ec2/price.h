// What a launch can cost: the timer's length times a price. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace hens::ec2 {

inline constexpr const char* price_date = "2025";  // of the table of default prices
inline constexpr const char* usual_type = "g6e.4xlarge";

// Whether default_price holds in a region: us-east-1, us-east-2, us-west-2. Others cost more.
bool is_priced(const std::string& region);

// USD an hour, Linux on demand; none for a type that the table does not have.
std::optional<double> default_price(const std::string& instance_type);
// The types of that table.
std::vector<std::string> priced_types();

// Reads --price-per-hour: a positive number. Throws Error{usage}.
double parse_price(const std::string& text);

// Whole cents, rounded up: what is promised as the most is never too little.
std::string most_cost_text(double price_per_hour, Duration timer);

// What a spot machine's price means, for the sentence after that one. `most`: of --spot-price.
std::string spot_text(std::optional<double> most);

// The sentence shown before a launch. `At most` only where the price is the region's or was given.
std::string launch_cost_text(const std::string& instance_type, const std::string& region,
                             std::optional<double> given_price, int timer_minutes);

}  // namespace hens::ec2
