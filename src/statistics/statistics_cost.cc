#include "statistics/statistics_cost.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "grid/region.h"
#include "statistics/statistics_plan.h"

namespace hens {
namespace {

// Bytes a point on disk, shuffled and compressed, of hundreds to thousands of members on smooth fields.
double disk_bytes_a_point(const PairPlan& plan) {
  return (plan.moments ? 8.0 : 0.0) + (plan.extremes ? 8.0 : 0.0) + 0.6 * static_cast<double>(plan.thresholds.size()) +
         (plan.histogram ? 30.0 : 0.0);
}

void add_region(StatisticsCost& cost, const JobSpec& spec, int length, const std::string& region, int64_t points) {
  std::set<int> windows;
  bool histograms = false;
  for (const StatisticsPair& pair : statistics_pairs(spec, length, region)) {
    ++cost.pairs;
    cost.sum_bytes += bytes_a_point(pair.plan) * points;
    cost.part_bytes += static_cast<int64_t>(disk_bytes_a_point(pair.plan) * static_cast<double>(points));
    if (pair.plan.window >= 0) windows.insert(pair.plan.window);
    histograms |= pair.plan.histogram.has_value();
  }
  const int64_t batch = std::max(spec.runtime.batch, 1);
  cost.other_bytes += static_cast<int64_t>(windows.size()) * batch * window_bytes_a_point * points;
  if (histograms) cost.other_bytes += outlier_bytes_a_point * points;
}

StatisticsCost cost_of_length(const JobSpec& spec, int length, const LatLonGrid& grid) {
  StatisticsCost cost;
  for (const std::string& region : statistics_regions(spec)) {
    add_region(cost, spec, length, region,
               static_cast<int64_t>(domain_of(region_named(spec.regions, region), grid).size()));
  }
  return cost;
}

std::string gigabytes(int64_t bytes) { return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9); }

}  // namespace

StatisticsCost statistics_cost(const JobSpec& spec, const LatLonGrid& grid) {
  StatisticsCost most;
  if (spec.statistics.empty()) return most;
  for (int length = 0; length < static_cast<int>(spec.forecast.steps.size()); ++length) {
    const StatisticsCost cost = cost_of_length(spec, length, grid);
    if (cost.device_bytes() >= most.device_bytes()) most = cost;
  }
  most.parts =
      static_cast<int64_t>(spec.models.size() * spec.forecast.steps.size() * spec.initial_conditions.times.size());
  return most;
}

nlohmann::ordered_json to_json(const StatisticsCost& cost) {
  return {{"estimate", true},
          {"pairs", cost.pairs},
          {"device_bytes", cost.device_bytes()},
          {"part_bytes", cost.part_bytes},
          {"parts_of_a_process", cost.parts}};
}

std::string statistics_cost_text(const StatisticsCost& cost, int64_t engine_bytes) {
  if (cost.pairs == 0) return {};
  std::string text =
      fmt::format("Statistics: {} pairs of a variable and a lead time\n", cost.pairs) +
      fmt::format("  on the GPU {} (sums {}), a part on disk about {}, {} of them for each process\n",
                  gigabytes(cost.device_bytes()), gigabytes(cost.sum_bytes), gigabytes(cost.part_bytes), cost.parts);
  for (const int64_t card : {48, 80, 141}) {
    const int64_t room = card * 1'000'000'000 * 95 / 100 - engine_bytes;  // the driver and the context keep some
    const int64_t fits =
        std::max<int64_t>(0, (room - cost.other_bytes) / std::max<int64_t>(1, cost.sum_bytes / cost.pairs));
    text += fmt::format("  a GPU of {} GB: {}, beside the engine there is room for {} such pairs\n", card,
                        fits >= cost.pairs ? "they fit" : "they do not fit", fits);
  }
  return text;
}

}  // namespace hens
