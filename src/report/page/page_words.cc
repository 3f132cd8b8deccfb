#include "report/page/page_words.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "grid/channels.h"
#include "job/spec_names.h"
#include "report/table.h"

namespace hens {

std::vector<StatisticsStoreName> statistics_store_names(const JobSpec& spec) {
  std::vector<StatisticsStoreName> names;
  if (spec.statistics.empty()) return names;
  const int length = longest_length(spec), models = static_cast<int>(spec.models.size());
  const std::vector<std::string> regions = statistics_regions(spec);
  for (const std::string& region : regions) {
    if (spec.ensemble.lagged) names.push_back({length, std::nullopt, region, Together::lagged});
    if (models > 1) names.push_back({length, std::nullopt, region});
  }
  for (int model = 0; model < models; ++model) {
    for (const std::string& region : regions) names.push_back({length, model, region});
  }
  return names;
}

int longest_length(const JobSpec& spec) {
  return static_cast<int>(std::ranges::max_element(spec.forecast.steps) - spec.forecast.steps.begin());
}

Time initial_time(const JobSpec& spec, const StatisticsStoreName& store, size_t time) {
  const std::vector<Time>& times = spec.initial_conditions.times;
  return store.together == Together::lagged ? *std::ranges::max_element(times) : times.at(time);
}

std::string capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string lead_text(Duration lead) {
  return forecast_text(std::chrono::duration<double, std::ratio<3600>>(lead).count());
}

std::string time_text(Time time) { return format_time(time, "%a %d %b %Y %H:%M UTC"); }

std::string place_text(double lat, double lon) {
  const double east = std::remainder(lon, 360.0);
  return fmt::format("{}°{} {}°{}", fixed(std::abs(lat), 2), lat < 0.0 ? 'S' : 'N', fixed(std::abs(east), 2),
                     east < 0.0 ? 'W' : 'E');
}

std::string variable_text(const StatisticsSpec& entry, const std::string& variable) {
  const std::string name = channel_info(variable).long_name;
  if (entry.over.count() == 0) return name;
  return fmt::format("{} over the {} before of {}", name_of(entry.reduce, reduce_names()), duration_text(entry.over),
                     name);
}

std::string who_text(const Manifest& manifest, const StatisticsStoreName& store, int64_t members, Time initial) {
  const std::string of = plural(members, "member");
  const std::string when = "Initial time " + time_text(initial) + ".";
  if (store.together == Together::lagged) {
    return fmt::format("{} initial times as one ensemble, {}. The last: {}",
                       manifest.spec.initial_conditions.times.size(), of, time_text(initial));
  }
  if (!store.model) return fmt::format("All {} models, {}. {}", manifest.spec.models.size(), of, when);
  return fmt::format("{}, {}. {}", manifest.model_names.at(static_cast<size_t>(*store.model)), of, when);
}

std::string range_text(std::span<const float> field, const std::string& units, bool share) {
  double low = INFINITY, high = -INFINITY;
  for (const float value : field) {
    if (!std::isfinite(value)) continue;
    low = std::min<double>(low, value), high = std::max<double>(high, value);
  }
  if (!(low <= high)) return "";
  if (share) return fmt::format("from {} to {}", percent_text(low), percent_text(high));
  return fmt::format("from {:.4g} to {:.4g} {}", low, high, units);
}

}  // namespace hens
