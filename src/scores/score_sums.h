// The scores of one ensemble in one region: sums over points, and over initial times. Points come in one order, so that
// the same forecasts give the same bytes. A value; not shared between threads.
//
// Each initial time counts as much as the others: errors and variances are averaged before their roots are taken, the
// anomaly correlation and the best member's error are means over the initial times.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "scores/comoments.h"
#include "scores/ensemble_scores.h"
#include "scores/event_scores.h"
#include "scores/rank_histogram.h"

namespace hens {

// What is known of each point. What is not is left out of the scores.
struct KnownScores {
  bool mean = false, variance = false;
  bool crps = false, threshold_crps = false;
  bool ranks = false, outliers = false;
  bool events = false;
  bool climate = false;
};

// One point at one initial time.
struct PointOutcome {
  double weight = 0.0, truth = 0.0;
  int64_t members = 0;
  PointScores scores;
  bool outlier = false;                         // the truth lies below all members, or above all of them
  std::span<const int64_t> events = {};         // [threshold] members of the event
  std::span<const double> threshold_crps = {};  // [threshold]
  double climate = 0.0;                         // the climatological mean
};

// The member nearest to the truth at one initial time.
struct BestMember {
  size_t time = 0;    // index into the run's initial times
  size_t member = 0;  // index among those scored
  double rmse = 0.0;
};

struct Score {
  std::string name;
  double value = 0.0;
};

class ScoreSums {
 public:
  ScoreSums(const KnownScores& known, std::vector<Threshold> thresholds);

  void add(const PointOutcome& point);
  // After the last point of initial time number `time`. `member_squares`: of each member the weighted sum of (x - y)^2
  // over the points; empty where members are not known.
  void end_time(size_t time, std::span<const double> member_squares);

  int64_t points() const { return points_; }
  // All that are known and defined, in a fixed order. Names as docs/scores.md has them; those of an event end in it,
  // brier>=303.15.
  std::vector<Score> scores() const;
  // None where initial times have ensembles of different sizes, or ranks are not known.
  const RankHistogram* ranks() const;
  bool mixed_sizes() const { return mixed_sizes_; }
  const std::vector<Threshold>& thresholds() const { return thresholds_; }
  const std::vector<EventScores>& events() const { return events_; }  // [threshold], empty where not known
  const std::vector<BestMember>& best_members() const { return best_members_; }
  double crps_bound() const { return crps_bound_ / weight_; }  // mean of the points' bounds
  double fair_crps_bound() const { return fair_crps_bound_ / weight_; }
  // Mean over the points of (at_most - below) / M: how far the histogram's mass may have to move, as a share of 0 to 1.
  double rank_bound() const { return rank_bound_ / static_cast<double>(points_); }

 private:
  void add_ranks(const PointOutcome& point);

  KnownScores known_;
  std::vector<Threshold> thresholds_;
  int64_t points_ = 0, outliers_ = 0;
  double weight_ = 0.0, time_weight_ = 0.0;  // of all, of the initial time at hand
  double crps_ = 0.0, fair_crps_ = 0.0, crps_bound_ = 0.0, fair_crps_bound_ = 0.0;
  double error_ = 0.0, absolute_error_ = 0.0, squared_error_ = 0.0, variance_ = 0.0, corrected_variance_ = 0.0;
  std::vector<double> threshold_crps_;  // [threshold]
  std::vector<EventScores> events_;     // [threshold]
  std::optional<RankHistogram> ranks_;
  bool mixed_sizes_ = false;
  double rank_bound_ = 0.0;
  Comoments anomalies_;  // of the initial time at hand
  std::vector<double> correlations_;
  std::vector<BestMember> best_members_;
};

// ">=303.15", ">10": the end of a score's name.
std::string threshold_text(const Threshold& threshold);

}  // namespace hens
