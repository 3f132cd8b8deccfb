// Scores of the probability of an event: Brier's and its parts, the reliability curve, the ROC curve. Pure.
//
// An ensemble of M members gives M + 1 probabilities k / M: outcomes are summed up in as many categories, so that parts
// and curves are exact, in any order of points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace hens {

// Forecasts of one probability: their weight, and the weight of those whose event came.
struct ProbabilityCategory {
  double probability = 0.0, weight = 0.0, occurred = 0.0;
};

// Brier's score, the mean of (p - o)^2, is reliability - resolution + uncertainty (Murphy 1973).
struct BrierScore {
  double score = 0.0, reliability = 0.0, resolution = 0.0, uncertainty = 0.0;
  double base_rate = 0.0;  // weighted frequency of the event
};

struct RocPoint {
  double false_alarm_rate = 0.0, hit_rate = 0.0;
};

class EventScores {
 public:
  void add(double weight, int64_t events, int64_t members, bool occurred);

  std::vector<ProbabilityCategory> categories() const;  // by probability, without empty ones
  BrierScore brier() const;                             // NaN where nothing was added
  // At most `most` categories of probability as they are, else so many of the same width, each with the mean of its
  // forecasts.
  std::vector<ProbabilityCategory> reliability_curve(size_t most) const;
  // From (0, 0) to (1, 1), one point for each probability at or above which the event is taken as forecast. Empty where
  // the event came always, or never.
  std::vector<RocPoint> roc_curve() const;
  double roc_area() const;  // by trapezoids; NaN where there is no curve

 private:
  struct Sums {
    double weight = 0.0, occurred = 0.0;
  };
  std::map<int64_t, std::vector<Sums>> sums_;  // [members][events]
};

}  // namespace hens
