// What `hens score` finds of one variable, lead time, ensemble and region. Plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "scores/score_region.h"
#include "scores/score_sums.h"

namespace hens {

inline constexpr size_t most_rank_classes = 100;  // of a rank histogram in results
inline constexpr size_t most_curve_points = 20;   // of a reliability curve
inline constexpr size_t most_roc_points = 100;    // of a ROC curve, beside its ends

struct EventEntry {
  Threshold threshold;
  double base_rate = 0.0;
  std::vector<ProbabilityCategory> reliability;  // weights as shares of all
  std::vector<RocPoint> roc;
};

struct RankEntry {
  int64_t members = 0, points = 0;
  std::vector<double> shares;  // of members + 1 ranks, or of most_rank_classes classes
};

struct BestMemberEntry {
  size_t time = 0;  // index into initial_conditions.times
  int model = 0, member = 0;
  double rmse = 0.0;
};

struct ScoreEntry {
  std::string variable;  // channel
  Duration lead{};
  std::optional<int> model;  // none: all models together
  std::string region;
  bool from_members = true;                     // else from statistics
  int64_t least_members = 0, most_members = 0;  // of an initial time
  std::vector<size_t> times;                    // indices into initial_conditions.times
  std::vector<Score> scores;
  std::vector<Score> bounds;  // how far the score of that name may be off, where it is made of a histogram
  std::optional<RankEntry> ranks;
  std::string no_ranks;  // why there are none, where they could be
  std::vector<EventEntry> events;
  std::vector<BestMemberEntry> best_members;
};

// What all entries of one (variable, lead) share while they are summed up.
struct ScoreFrame {
  std::string variable;
  Duration lead{};
  const LatLonGrid* grid = nullptr;
  const std::vector<ScoreRegion>* regions = nullptr;
  std::vector<Threshold> thresholds;
};

// Truth and climatology at one valid time.
struct TruthFields {
  std::vector<float> truth;    // [lat, lon]
  std::vector<float> climate;  // [lat, lon], or empty: none
};

// Fills what ScoreSums knows into an entry.
void put_sums(const ScoreSums& sums, ScoreEntry& entry);

}  // namespace hens
