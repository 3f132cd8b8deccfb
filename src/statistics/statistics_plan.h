// What the spec's statistics mean for one roll-out length: which pairs are summed, which step's field goes to which of
// them, and which arrays they end in. Pure functions of the spec.
#pragma once

#include <string>
#include <vector>

#include "job/job_spec.h"
#include "statistics/accumulator.h"

namespace hens {

struct StatisticsPair {
  int entry = 0;         // index into the spec's statistics
  std::string variable;  // canonical channel name
  std::string name;      // statistics_name()
  Duration lead{};
  PairPlan plan;
};

// The regions that the spec's statistics are of, each once, in the order of the entries; "" for all of the globe. The
// sums of each region are kept, and published, by themselves.
std::vector<std::string> statistics_regions(const JobSpec& spec);

// Of one region, by lead, entry, variable: as a roll-out completes them. Throws Error{bad_spec} for a variable without
// a lattice.
std::vector<StatisticsPair> statistics_pairs(const JobSpec& spec, int length, const std::string& region);
std::vector<PairPlan> plans_of(const std::vector<StatisticsPair>& pairs);

// A field that goes to a pair after a step.
struct StepTarget {
  int pair = 0;
  std::string variable;
  int position = 0, count = 1;  // in the pair's window
};
// [steps + 1][target]
std::vector<std::vector<StepTarget>> targets_of_steps(const JobSpec& spec, int length,
                                                      const std::vector<StatisticsPair>& pairs);

// What is wrong with an entry of the spec for a variable, and at which of its keys; `what` is empty where nothing is.
struct StatisticsProblem {
  std::string key, what;
};
StatisticsProblem statistics_problem(const StatisticsSpec& spec, const std::string& variable);

}  // namespace hens
