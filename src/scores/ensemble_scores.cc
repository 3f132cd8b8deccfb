#include "scores/ensemble_scores.h"

#include <algorithm>
#include <cmath>

namespace hens {
namespace {

struct Distances {
  double to_truth = 0.0;  // sum |x - y|
  double pairs = 0.0;     // sum_ij |x_i - x_j| / 2 = sum_i (2 i - M - 1) x_(i)
};

// Of max(x, floor). Values are taken as distances from the truth: what is left of large numbers does not cancel then.
Distances distances_of(std::span<const double> sorted, double truth, double floor) {
  const double members = static_cast<double>(sorted.size()), y = std::max(truth, floor);
  Distances sums;
  double rank = 1.0 - members;  // 2 i - M - 1
  for (const double x : sorted) {
    const double d = std::max(x, floor) - y;
    sums.to_truth += std::abs(d);
    sums.pairs += rank * d;
    rank += 2.0;
  }
  return sums;
}

double crps_of(const Distances& sums, double members, double pairs) {
  return sums.to_truth / members - sums.pairs / pairs;
}

constexpr double no_floor = -std::numeric_limits<double>::infinity();

}  // namespace

PointScores point_scores(std::span<const double> sorted, double truth) {
  const double members = static_cast<double>(sorted.size());
  const Distances distances = distances_of(sorted, truth, no_floor);
  PointScores scores;
  scores.crps = crps_of(distances, members, members * members);
  double sum = 0.0, squares = 0.0;
  for (const double x : sorted) sum += x - truth;
  const double offset = sum / members;
  scores.mean = truth + offset;
  if (sorted.size() > 1) {
    for (const double x : sorted) squares += (x - truth - offset) * (x - truth - offset);
    scores.variance = squares / (members - 1.0);
    scores.fair_crps = crps_of(distances, members, members * (members - 1.0));
  }
  scores.below = std::ranges::lower_bound(sorted, truth) - sorted.begin();
  scores.at_most = std::ranges::upper_bound(sorted, truth) - sorted.begin();
  return scores;
}

double threshold_weighted_crps(std::span<const double> sorted, double truth, double threshold) {
  const double members = static_cast<double>(sorted.size());
  return crps_of(distances_of(sorted, truth, threshold), members, members * members);
}

int64_t count_events(std::span<const double> sorted, const Threshold& threshold) {
  const double limit = threshold.value;
  const auto first = threshold.comparison == Exceedance::at_least ? std::ranges::lower_bound(sorted, limit)
                                                                  : std::ranges::upper_bound(sorted, limit);
  return sorted.end() - first;
}

}  // namespace hens
