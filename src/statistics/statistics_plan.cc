#include "statistics/statistics_plan.h"

#include <algorithm>

#include "base/error.h"

namespace hens {
namespace {

int steps_of(Duration duration) { return static_cast<int>(duration / model_step); }

PairPlan plan_of(const StatisticsSpec& spec, const std::string& variable, int window) {
  const Kind kind = kind_of(variable);
  PairPlan plan;
  plan.fixed = kind.fixed;
  if (spec.reduce == Reduce::sum) plan.fixed = fixed_point_of_sum(kind.fixed, steps_of(spec.over));
  plan.moments = spec.moments;
  plan.extremes = spec.extremes;
  for (const double value : spec.thresholds) plan.thresholds.push_back({static_cast<float>(value), spec.comparison});
  for (const ThresholdField& field : spec.threshold_fields) {
    plan.thresholds.push_back({0.0f, spec.comparison});
    plan.threshold_fields += (plan.threshold_fields.empty() ? variable : std::string()) + " " + field.sha256;
  }
  if (!spec.quantiles.empty()) plan.histogram = Lattice{spec.width.value_or(kind.lattice.width)};
  plan.reduce = spec.reduce;
  if (spec.over.count() > 0) plan.window = window;
  return plan;
}

}  // namespace

std::vector<std::string> statistics_regions(const JobSpec& spec) {
  std::vector<std::string> regions;
  for (const StatisticsSpec& entry : spec.statistics) {
    if (std::ranges::find(regions, entry.region) == regions.end()) regions.push_back(entry.region);
  }
  return regions;
}

std::vector<StatisticsPair> statistics_pairs(const JobSpec& spec, int length, const std::string& region) {
  std::vector<StatisticsPair> pairs;
  int window = 0;
  for (size_t entry = 0; entry < spec.statistics.size(); ++entry) {
    const StatisticsSpec& wanted = spec.statistics[entry];
    if (wanted.region != region) continue;
    for (const std::string& variable : wanted.variables) {
      const PairPlan plan = plan_of(wanted, variable, wanted.over.count() > 0 ? window++ : -1);
      for (const Duration lead : statistics_leads(wanted, spec.forecast.steps.at(static_cast<size_t>(length)))) {
        pairs.push_back({static_cast<int>(entry), variable, statistics_name(wanted, variable), lead, plan});
      }
    }
  }
  std::ranges::stable_sort(pairs, {}, &StatisticsPair::lead);
  return pairs;
}

std::vector<PairPlan> plans_of(const std::vector<StatisticsPair>& pairs) {
  std::vector<PairPlan> plans;
  for (const StatisticsPair& pair : pairs) plans.push_back(pair.plan);
  return plans;
}

std::vector<std::vector<StepTarget>> targets_of_steps(const JobSpec& spec, int length,
                                                      const std::vector<StatisticsPair>& pairs) {
  std::vector<std::vector<StepTarget>> targets(
      static_cast<size_t>(spec.forecast.steps.at(static_cast<size_t>(length))) + 1);
  for (size_t k = 0; k < pairs.size(); ++k) {
    const int count = std::max(1, steps_of(spec.statistics.at(static_cast<size_t>(pairs[k].entry)).over));
    const int last = steps_of(pairs[k].lead);
    for (int position = 0; position < count; ++position) {
      targets.at(static_cast<size_t>(last - count + 1 + position))
          .push_back({static_cast<int>(k), pairs[k].variable, position, count});
    }
  }
  return targets;
}

StatisticsProblem statistics_problem(const StatisticsSpec& spec, const std::string& variable) {
  try {
    const PairPlan plan = plan_of(spec, variable, -1);
    const double least = narrowest_width(plan.fixed);
    if (!plan.histogram || plan.histogram->width == 0.0 || plan.histogram->width >= least) return {};
    return {"width", fmt::format("is {:g}: expected at least {:g} for {}", plan.histogram->width, least, variable)};
  } catch (const Error& error) {
    return {"variables", error.what()};
  }
}

}  // namespace hens
