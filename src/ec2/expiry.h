// When things end, and what they have cost until then. Pure functions of tags and time.
#pragma once

#include <optional>
#include <string>

#include "ec2/resources.h"

namespace hens::ec2 {

Time current_time();

// True where the tag hens-ec2:expires is a moment not after `when`; never for `never` and what is no time.
bool expired(const Tags& tags, Time when);

// launched to now, times the price that the launch noted; none where it noted none.
std::optional<double> cost_so_far(const Instance& instance, Time now);

// 1 h 05 min, 12 min.
std::string minutes_text(Duration duration);

}  // namespace hens::ec2
