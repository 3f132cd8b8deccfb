#include "scores/score_entry.h"

#include <algorithm>
#include <cmath>

namespace hens {
namespace {

// At most `most` points beside the last, evenly taken.
std::vector<RocPoint> thinned(const std::vector<RocPoint>& curve, size_t most) {
  if (curve.size() <= most + 1) return curve;
  std::vector<RocPoint> some;
  for (size_t k = 0; k < most; ++k) some.push_back(curve[k * curve.size() / most]);
  some.push_back(curve.back());
  return some;
}

EventEntry event_entry(const Threshold& threshold, const EventScores& events) {
  EventEntry entry{threshold, events.brier().base_rate, events.reliability_curve(most_curve_points),
                   thinned(events.roc_curve(), most_roc_points)};
  double weight = 0.0;
  for (const ProbabilityCategory& category : entry.reliability) weight += category.weight;
  for (ProbabilityCategory& category : entry.reliability) category.weight /= weight, category.occurred /= weight;
  return entry;
}

}  // namespace

void put_sums(const ScoreSums& sums, ScoreEntry& entry) {
  entry.scores = sums.scores();
  if (const RankHistogram* ranks = sums.ranks()) {
    entry.ranks = RankEntry{ranks->members(), ranks->points(), ranks->classes(most_rank_classes)};
  } else if (sums.mixed_sizes()) {
    entry.no_ranks = "the initial times have ensembles of different sizes, whose ranks do not add up";
  }
  for (size_t k = 0; k < sums.events().size(); ++k) {
    entry.events.push_back(event_entry(sums.thresholds()[k], sums.events()[k]));
  }
}

}  // namespace hens
