// The scores of one variable at one lead time from statistics alone, when the members are gone: of each model, and of
// all models together. Mean and spread are exact where moments are kept, Brier's scores where thresholds are, outliers
// where extremes are; the CRPS and the rank histogram come from the counts of the histogram that quantiles are made of.
//
// Reads the parts tile by tile: memory does not grow with members or parts.
#pragma once

#include <string>
#include <vector>

#include "scores/score_entry.h"
#include "statistics/merge.h"
#include "statistics/statistics_plan.h"

namespace hens {

// The parts of one model at one initial time.
struct ModelParts {
  int model = 0;
  std::vector<const PartReader*> parts;
};

// What an entry's statistics cannot tell.
struct ScoreGap {
  std::string scores;  // "crps, crps_fair, rank histogram"
  std::string needs;   // "quantiles: the statistics of t2m keep no histogram without them"
};

class StatisticsScores {
 public:
  // `pairs` of the run's spec; `pair`: the index of the one to score, whose thresholds are the frame's.
  StatisticsScores(ScoreFrame frame, const std::vector<StatisticsPair>& pairs, int pair, int models, bool climate);

  void add_time(size_t time, const std::vector<ModelParts>& ensemble, const TruthFields& truth);
  std::vector<ScoreEntry> entries() const;

 private:
  struct Ensemble {
    std::optional<int> model;
    std::vector<ScoreSums> sums;  // [region]
    std::vector<size_t> times;
    int64_t least = 0, most = 0;
  };
  void add_ensemble(size_t time, Ensemble& ensemble, const std::vector<PartSource>& parts, const TruthFields& truth);
  void add_tile(Ensemble& ensemble, const TileTotals& totals, size_t tile, const TruthFields& truth);
  PointOutcome outcome(const TileTotals& totals, size_t k, size_t points, float truth,
                       std::vector<int64_t>& events) const;

  ScoreFrame frame_;
  std::vector<PairPlan> plan_;
  int pair_ = 0;
  KnownScores known_;
  std::vector<Ensemble> ensembles_;
};

// What a pair's statistics tell.
KnownScores known_of(const PairPlan& plan, bool climate);
// The others, with the key of `statistics:` that would give each.
std::vector<ScoreGap> gaps_of(const PairPlan& plan, const std::string& variable);

}  // namespace hens
