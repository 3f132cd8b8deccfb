// Scores of an ensemble at one point: pure functions in double.
//
// M members x_i, sorted ascending as x_(1) <= ... <= x_(M), and the truth y, in the same units. Requires M >= 1 and
// finite values.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "statistics/pair.h"

namespace hens {

// What is not known, or not defined (of one member), is NaN.
struct PointScores {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  double crps = unknown;         // mean |x - y| - sum_ij |x_i - x_j| / (2 M^2): the integral of (F - H)^2
  double fair_crps = unknown;    // ... / (2 M (M - 1)): expects of M members what infinitely many would have
  double crps_bound = 0.0;       // how far `crps` may be off, where it is made of a histogram
  double fair_crps_bound = 0.0;  // the same of `fair_crps`
  double mean = unknown;
  double variance = unknown;  // divided by M - 1
  int64_t below = 0;          // members < y for certain; and ...
  int64_t at_most = 0;        // ... those that may be <= y. Of members these are exact counts
};

PointScores point_scores(std::span<const double> sorted, double truth);

// The CRPS of max(x, t) against max(y, t): the integral of (F - H)^2 from t on (Gneiting and Ranjan 2011, weight
// 1{z >= t}; in this form Allen et al. 2023).
double threshold_weighted_crps(std::span<const double> sorted, double truth, double threshold);

// Whether `value` is the event, as members and truth are compared with a threshold rounded to float32.
inline bool is_event_value(const Threshold& threshold, double value) {
  const double limit = threshold.value;
  return threshold.comparison == Exceedance::at_least ? value >= limit : value > limit;
}
// How many of the members are.
int64_t count_events(std::span<const double> sorted, const Threshold& threshold);

}  // namespace hens
