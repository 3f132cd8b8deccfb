#include "statistics/statistics_layout.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "grid/derived_variables.h"
#include "job/spec_names.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

std::string window_text(const StatisticsSpec& spec) {
  if (spec.over.count() == 0) return "";
  return fmt::format("{} of the {} before of ", name_of(spec.reduce, reduce_names()), duration_text(spec.over));
}

// CF's method of the window, a blank behind it.
std::string window_method(const StatisticsSpec& spec) {
  constexpr const char* words[] = {"", "mean", "maximum", "minimum", "sum"};
  if (spec.over.count() == 0) return "";
  return fmt::format("lead_time: {} (interval: {} hours comment: over the {} before) ",
                     words[static_cast<int>(spec.reduce)], model_step / std::chrono::hours(1),
                     duration_text(spec.over));
}

Json attributes_of(const StatisticsArray& array, const StatisticsSpec& spec) {
  const ChannelInfo info = variable_info(array.variable);
  const std::string of = window_text(spec) + info.long_name;
  const auto value = [&](const char* word, const std::string& method) {
    Json json;
    if (!info.standard_name.empty()) json["standard_name"] = info.standard_name;
    json["long_name"] = fmt::format("{} of {}", word, of);
    json["units"] = info.units;
    if (!method.empty()) json["cell_methods"] = window_method(spec) + "realization: " + method;
    json["coordinates"] = "valid_time members";
    return json;
  };
  const auto number = [&](const std::string& name) {
    return Json{{"long_name", name}, {"units", "1"}, {"coordinates", "valid_time members"}};
  };
  switch (array.what) {
    case Statistic::mean:
      return value("ensemble mean", "mean");
    case Statistic::deviation:
      return value("ensemble standard deviation", "standard_deviation");
    case Statistic::lowest:
      return value("ensemble minimum", "minimum");
    case Statistic::highest:
      return value("ensemble maximum", "maximum");
    case Statistic::quantile:
      return value("ensemble quantile", "");
    case Statistic::lowest_member:
      return number("member with the minimum of " + of);
    case Statistic::highest_member:
      return number("member with the maximum of " + of);
    case Statistic::lowest_model:
      return number("model of the member with the minimum of " + of);
    case Statistic::highest_model:
      return number("model of the member with the maximum of " + of);
    case Statistic::lowest_time:
      return number("initial time of the member with the minimum of " + of);
    case Statistic::highest_time:
      return number("initial time of the member with the maximum of " + of);
    case Statistic::probability:
      return number(fmt::format("probability of {} {} a threshold", of,
                                spec.comparison == Exceedance::at_least ? "of at least" : "above"));
  }
  return {};
}

const char* suffix(Statistic what) {
  constexpr const char* suffixes[] = {"mean", "std",        "min",       "min_member", "min_model",   "min_time",
                                      "max",  "max_member", "max_model", "max_time",   "probability", "quantile"};
  return suffixes[static_cast<int>(what)];
}

std::vector<Statistic> statistics_of(const StatisticsSpec& spec, bool of_all_models, bool of_all_times) {
  std::vector<Statistic> all;
  if (spec.moments) all.insert(all.end(), {Statistic::mean, Statistic::deviation});
  if (spec.extremes) {
    all.insert(all.end(), {Statistic::lowest, Statistic::lowest_member, Statistic::highest, Statistic::highest_member});
    if (of_all_models) all.insert(all.end(), {Statistic::lowest_model, Statistic::highest_model});
    if (of_all_times) all.insert(all.end(), {Statistic::lowest_time, Statistic::highest_time});
  }
  if (spec.threshold_count() > 0) all.push_back(Statistic::probability);
  if (!spec.quantiles.empty()) all.push_back(Statistic::quantile);
  return all;
}

bool is_number(Statistic what) {
  return what == Statistic::lowest_member || what == Statistic::lowest_model || what == Statistic::lowest_time ||
         what == Statistic::highest_member || what == Statistic::highest_model || what == Statistic::highest_time;
}

std::string threshold_dimension(const StatisticsSpec& spec, const std::string& variable) {
  return (spec.threshold_fields.empty() ? "threshold_" : "climate_threshold_") + statistics_name(spec, variable);
}

StatisticsArray array_of(const StatisticsLayout& layout, Statistic what, int entry, const std::string& variable,
                         size_t times) {
  const StatisticsSpec& spec = layout.entries.at(static_cast<size_t>(entry));
  StatisticsArray made{what, {}, entry, variable};
  FieldArray& array = made.array;
  const std::string name = statistics_name(spec, variable);
  const bool of_climate = what == Statistic::probability && !spec.threshold_fields.empty();
  array.name = fmt::format("{}{}_{}", name, of_climate ? "_climate" : "", suffix(what));
  array.dimensions = {"time", "lead_time"};
  array.shape = {times, layout.leads.size()};
  if (what == Statistic::quantile) {
    array.dimensions.push_back("quantile");
    array.shape.push_back(layout.quantiles.size());
  } else if (what == Statistic::probability) {
    array.dimensions.push_back(threshold_dimension(spec, variable));
    array.shape.push_back(spec.threshold_count());
  }
  for (const std::string& dimension : layout.domain.dimensions()) array.dimensions.push_back(dimension);
  for (const size_t number : layout.domain.shape()) array.shape.push_back(number);
  array.field_dimensions = layout.domain.shape().size();
  array.integers = is_number(what);
  array.attributes = attributes_of(made, spec);
  if (!layout.domain.points.empty()) array.attributes["coordinates"] = "valid_time members lat lon";
  return made;
}

Coordinate threshold_coordinate(const StatisticsSpec& spec, const std::string& variable) {
  const ChannelInfo info = variable_info(variable);
  const std::string name = threshold_dimension(spec, variable);
  const char* const comparison = spec.comparison == Exceedance::at_least ? ">=" : ">";
  if (!spec.threshold_fields.empty()) {
    std::vector<std::string> names;
    for (size_t k = 0; k < spec.threshold_count(); ++k) names.push_back(spec.threshold_name(k));
    return {name,
            {name},
            {names.size()},
            names,
            {{"long_name", "threshold of " + info.long_name + ", point by point"}, {"comparison", comparison}}};
  }
  std::vector<double> rounded;  // as members are compared with them
  for (const double value : spec.thresholds) rounded.push_back(static_cast<float>(value));
  return {name,
          {name},
          {rounded.size()},
          rounded,
          {{"long_name", "threshold of " + info.long_name}, {"units", info.units}, {"comparison", comparison}}};
}

std::vector<Coordinate> coordinates_of(const StatisticsLayout& layout, const std::vector<Time>& times) {
  StoreLayout common;
  common.domain = layout.domain, common.leads = layout.leads;
  std::vector<Coordinate> all = coordinates(common, {}, times);
  all.erase(all.begin());  // no dimension `ensemble`
  if (!layout.quantiles.empty()) {
    all.push_back({"quantile",
                   {"quantile"},
                   {layout.quantiles.size()},
                   layout.quantiles,
                   {{"long_name", "level of the quantile"}, {"units", "1"}}});
  }
  for (const StatisticsSpec& spec : layout.entries) {
    if (spec.threshold_count() == 0 || spec.region != layout.region) continue;
    for (const std::string& variable : spec.variables) all.push_back(threshold_coordinate(spec, variable));
  }
  return all;
}

}  // namespace

LaggedPairs lagged_pairs(const JobSpec& spec, int length, const std::string& region) {
  const std::vector<StatisticsPair> own = statistics_pairs(spec, length, region);
  const std::vector<Time>& times = spec.initial_conditions.times;
  const Time last = *std::ranges::max_element(times);
  LaggedPairs lagged;
  lagged.of_time.resize(times.size());
  for (const StatisticsPair& pair : own) {
    std::vector<int> found;
    for (const Time time : times) {
      const auto same = std::ranges::find_if(own, [&](const StatisticsPair& other) {
        return other.entry == pair.entry && other.variable == pair.variable && other.lead == pair.lead + (last - time);
      });
      if (same != own.end()) found.push_back(static_cast<int>(same - own.begin()));
    }
    if (found.size() < times.size()) continue;
    lagged.pairs.push_back(pair);
    for (size_t time = 0; time < times.size(); ++time) lagged.of_time[time].push_back(found[time]);
  }
  return lagged;
}

std::string statistics_store_name(std::optional<int> model, const std::string& region, StoreFormat format,
                                  Together together) {
  const char* what = together == Together::lagged ? "_lagged" : "";
  const char* suffix = format == StoreFormat::zarr ? "zarr" : format == StoreFormat::netcdf ? "nc" : "grib2";
  return fmt::format("statistics{}{}{}{}.{}", model ? fmt::format("_{}", *model) : "", what, region.empty() ? "" : "_",
                     region, suffix);
}

StatisticsLayout statistics_layout(const JobSpec& spec, int length, std::optional<int> model, const std::string& region,
                                   const StatisticsFacts& facts, Together together) {
  const bool lagged = together == Together::lagged;
  StatisticsLayout layout;
  layout.region = region;
  layout.pairs = lagged ? lagged_pairs(spec, length, region).pairs : statistics_pairs(spec, length, region);
  layout.models = static_cast<int>(spec.models.size());
  layout.entries = spec.statistics;
  layout.domain = domain_of(region_named(spec.regions, region), facts.grid);
  layout.members_of_a_model = spec.ensemble.members;
  const auto grib = std::ranges::find(spec.output, StoreFormat::grib2, &OutputSpec::format);
  if (grib != spec.output.end()) layout.grib = grib->grib;
  std::set<Duration> leads;
  for (const StatisticsPair& pair : layout.pairs) leads.insert(pair.lead);
  layout.leads.assign(leads.begin(), leads.end());
  std::set<double> levels;
  for (const StatisticsSpec& entry : spec.statistics) {
    if (entry.region == region) levels.insert(entry.quantiles.begin(), entry.quantiles.end());
  }
  layout.quantiles.assign(levels.begin(), levels.end());
  std::vector<Time> times = spec.initial_conditions.times;
  if (lagged) times = {*std::ranges::max_element(times)};
  for (size_t entry = 0; entry < spec.statistics.size(); ++entry) {
    if (spec.statistics[entry].region != region) continue;
    for (const std::string& variable : spec.statistics[entry].variables) {
      for (const Statistic what : statistics_of(spec.statistics[entry], !model, lagged)) {
        layout.arrays.push_back(array_of(layout, what, static_cast<int>(entry), variable, times.size()));
      }
    }
  }
  layout.coordinates = coordinates_of(layout, times);
  layout.attributes = {
      {"Conventions", "CF-1.11"},
      {"title", fmt::format("{}: statistics of an ensemble forecast", spec.name)},
      {"source", model ? fmt::format("hens, SFNO {}", facts.model_names.at(static_cast<size_t>(*model)))
                       : fmt::format("hens, {} models", spec.models.size())}};
  if (lagged) {
    layout.attributes["comment"] =
        fmt::format("{} initial times are one ensemble; lead_time counts from the last of them",
                    spec.initial_conditions.times.size());
  }
  return layout;
}

}  // namespace hens
