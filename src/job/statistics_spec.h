// The spec's section `statistics`: what is kept of all members together, point by point. Plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace hens {

enum class Reduce { none, mean, max, min, sum };  // of the steps of a window, before anything else
enum class Exceedance { at_least, above };        // an event is x >= threshold, or x > threshold

// A threshold at every point: a variable of a climatology's netCDF file, or a level of its distribution there
// (source/threshold_fields.h).
struct ThresholdField {
  std::string file;
  std::optional<double> quantile;
  std::string sha256 = {};  // of its values on the models' grid, of all the entry's variables; a checked spec has it
  bool operator==(const ThresholdField&) const = default;
};

struct StatisticsSpec {
  std::vector<std::string> variables;
  // Lead times: those listed, or every so often; of a window they are its end. Neither: every 6 h, or every `over`.
  std::vector<Duration> leads;
  Duration every{};
  Duration over{};  // windows (lead - over, lead]; 0: none
  Reduce reduce = Reduce::none;
  bool moments = true;             // mean and standard deviation
  bool extremes = false;           // minimum and maximum, with the members that made them
  std::vector<double> thresholds;  // in the variable's units
  Exceedance comparison = Exceedance::at_least;
  std::vector<double> quantiles;  // levels, above 0 and below 1
  std::string region = {};        // one of the spec's regions; empty: all of the globe
  std::optional<double> width;    // of the histogram's bins that quantiles are made of; none: by kind of variable
  std::vector<ThresholdField> threshold_fields = {};  // in the place of `thresholds`

  // What a threshold is called where its number would stand: "0.95 quantile of t2m_climate.nc".
  std::string threshold_name(size_t k) const;
  size_t threshold_count() const { return thresholds.size() + threshold_fields.size(); }
};

// Lead times of an entry in a roll-out of `steps` steps, ascending.
std::vector<Duration> statistics_leads(const StatisticsSpec& spec, int steps);

// Names what an entry makes of a variable: t2m, or t2m_max1d where it is of windows.
std::string statistics_name(const StatisticsSpec& spec, const std::string& variable);

}  // namespace hens
