#include "scores/score_sums.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace hens {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

std::string threshold_text(const Threshold& threshold) {
  return fmt::format("{}{}", threshold.comparison == Exceedance::at_least ? ">=" : ">", threshold.value);
}

ScoreSums::ScoreSums(const KnownScores& known, std::vector<Threshold> thresholds)
    : known_(known), thresholds_(std::move(thresholds)) {
  if (known.threshold_crps) threshold_crps_.resize(thresholds_.size());
  if (known.events) events_.resize(thresholds_.size());
}

void ScoreSums::add_ranks(const PointOutcome& point) {
  if (!ranks_) ranks_.emplace(point.members);
  if (ranks_->members() != point.members) {
    mixed_sizes_ = true;
    return;
  }
  ranks_->add(point.scores.below, point.scores.at_most);
  rank_bound_ += static_cast<double>(point.scores.at_most - point.scores.below) / static_cast<double>(point.members);
}

void ScoreSums::add(const PointOutcome& point) {
  const double weight = point.weight;
  ++points_, weight_ += weight, time_weight_ += weight;
  if (known_.crps) {
    crps_ += weight * point.scores.crps, fair_crps_ += weight * point.scores.fair_crps;
    crps_bound_ += weight * point.scores.crps_bound, fair_crps_bound_ += weight * point.scores.fair_crps_bound;
  }
  if (known_.mean) {
    const double error = point.scores.mean - point.truth;
    error_ += weight * error, absolute_error_ += weight * std::abs(error), squared_error_ += weight * error * error;
    if (known_.climate) anomalies_.add(weight, point.scores.mean - point.climate, point.truth - point.climate);
  }
  if (known_.variance) {
    const double members = static_cast<double>(point.members);
    variance_ += weight * point.scores.variance;
    corrected_variance_ += weight * point.scores.variance * (members + 1.0) / members;
  }
  if (known_.outliers && point.outlier) ++outliers_;
  if (known_.ranks) add_ranks(point);
  for (size_t k = 0; k < threshold_crps_.size(); ++k) threshold_crps_[k] += weight * point.threshold_crps[k];
  for (size_t k = 0; k < events_.size(); ++k) {
    events_[k].add(weight, point.events[k], point.members, is_event_value(thresholds_[k], point.truth));
  }
}

void ScoreSums::end_time(size_t time, std::span<const double> member_squares) {
  if (known_.mean && known_.climate) correlations_.push_back(anomalies_.correlation());
  if (!member_squares.empty()) {
    const auto best = std::ranges::min_element(member_squares);
    best_members_.push_back(
        {time, static_cast<size_t>(best - member_squares.begin()), std::sqrt(*best / time_weight_)});
  }
  anomalies_ = {};
  time_weight_ = 0.0;
}

const RankHistogram* ScoreSums::ranks() const { return known_.ranks && ranks_ && !mixed_sizes_ ? &*ranks_ : nullptr; }

std::vector<Score> ScoreSums::scores() const {
  std::vector<Score> all;
  const auto put = [&](const std::string& name, double value) {
    if (std::isfinite(value)) all.push_back({name, value});
  };
  if (known_.crps) put("crps", crps_ / weight_), put("crps_fair", fair_crps_ / weight_);
  const double skill = std::sqrt(squared_error_ / weight_), spread = std::sqrt(variance_ / weight_);
  if (known_.mean) put("rmse", skill), put("mae", absolute_error_ / weight_), put("bias", error_ / weight_);
  if (known_.variance) put("spread", spread);
  if (known_.mean && known_.variance) {
    put("spread_skill", spread / skill);
    put("spread_skill_corrected", std::sqrt(corrected_variance_ / weight_) / skill);
  }
  if (!correlations_.empty()) put("acc", mean_of(correlations_));
  if (known_.outliers) put("outlier_share", static_cast<double>(outliers_) / static_cast<double>(points_));
  if (!best_members_.empty()) {
    double sum = 0.0;
    for (const BestMember& best : best_members_) sum += best.rmse;
    put("best_member_rmse", sum / static_cast<double>(best_members_.size()));
  }
  for (size_t k = 0; k < thresholds_.size(); ++k) {
    const std::string event = threshold_text(thresholds_[k]);
    if (known_.events) {
      const BrierScore brier = events_[k].brier();
      put("brier" + event, brier.score), put("brier_reliability" + event, brier.reliability);
      put("brier_resolution" + event, brier.resolution), put("brier_uncertainty" + event, brier.uncertainty);
      put("roc_area" + event, events_[k].roc_area());
    }
    if (known_.threshold_crps) put("crps_above" + event, threshold_crps_[k] / weight_);
  }
  return all;
}

}  // namespace hens
