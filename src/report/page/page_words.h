// Words that the page's pictures share, and which stores of statistics they are of. Pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/page/statistics_reader.h"

namespace hens {

// Of the longest roll-out: all together first (lagged, then all models), then each model; the globe and regions in the
// spec's order. Of a single model that one alone.
std::vector<StatisticsStoreName> statistics_store_names(const JobSpec& spec);

int longest_length(const JobSpec& spec);
Time initial_time(const JobSpec& spec, const StatisticsStoreName& store, size_t time);

std::string capitalised(std::string text);       // of ASCII
std::string lead_text(Duration lead);            // "5 days"
std::string time_text(Time time);                // "Mon 01 Jan 2024 00:00 UTC"
std::string place_text(double lat, double lon);  // "48.9°N 2.4°E"

// "air temperature at 2 m", "maximum of the 1d before of eastward wind at 10 m".
std::string variable_text(const StatisticsSpec& entry, const std::string& variable);

// "All 2 models, 512 members. Initial time Mon 01 Jan 2024 00:00 UTC."
std::string who_text(const Manifest& manifest, const StatisticsStoreName& store, int64_t members, Time initial);

// "from 231.4 to 308.9 K". Of numbers alone; empty where there are none.
std::string range_text(std::span<const float> field, const std::string& units, bool share);

}  // namespace hens
