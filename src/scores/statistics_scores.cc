#include "scores/statistics_scores.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/parallel.h"
#include "base/stop.h"
#include "scores/histogram_scores.h"

namespace hens {

KnownScores known_of(const PairPlan& plan, bool climate) {
  return {.mean = plan.moments,
          .variance = plan.moments,
          .crps = plan.histogram.has_value(),
          .threshold_crps = false,
          .ranks = plan.histogram.has_value(),
          .outliers = plan.extremes,
          .events = plan.counts_events_of_numbers(),
          .climate = climate};
}

std::vector<ScoreGap> gaps_of(const PairPlan& plan, const std::string& variable) {
  std::vector<ScoreGap> gaps;
  const auto missing = [&](const char* scores, const char* key, const char* what) {
    gaps.push_back({scores, fmt::format("{}: the statistics of {} keep no {}", key, variable, what)});
  };
  if (!plan.moments) missing("rmse, mae, bias, spread, spread_skill, acc", "moments: true", "moments");
  if (!plan.histogram) missing("crps, crps_fair, rank histogram", "quantiles: [0.5]", "histogram");
  if (!plan.counts_events_of_numbers()) {
    missing("brier, reliability, roc_area", "thresholds: [...]", "counts above numbers");
  }
  if (!plan.extremes) missing("outlier_share", "extremes: true", "extremes");
  gaps.push_back({"best_member_rmse, crps_above", "members: only `output:` keeps them"});
  return gaps;
}

StatisticsScores::StatisticsScores(ScoreFrame frame, const std::vector<StatisticsPair>& pairs, int pair, int models,
                                   bool climate)
    : frame_(std::move(frame)),
      plan_(plans_of(pairs)),
      pair_(pair),
      known_(known_of(plan_.at(static_cast<size_t>(pair)), climate)) {
  const std::vector<ScoreSums> sums(frame_.regions->size(), ScoreSums(known_, frame_.thresholds));
  for (int model = 0; model < models; ++model) ensembles_.push_back({model, sums});
  if (models > 1) ensembles_.push_back({std::nullopt, sums});
}

void StatisticsScores::add_time(size_t time, const std::vector<ModelParts>& ensemble, const TruthFields& truth) {
  std::vector<PartSource> all;
  for (const ModelParts& model : ensemble) {
    std::vector<PartSource> own;
    for (const PartReader* part : model.parts) own.push_back({part, 0});
    all.insert(all.end(), own.begin(), own.end());
    add_ensemble(time, ensembles_[static_cast<size_t>(model.model)], own, truth);
  }
  if (!ensembles_.back().model) add_ensemble(time, ensembles_.back(), all, truth);
}

void StatisticsScores::add_ensemble(size_t time, Ensemble& ensemble, const std::vector<PartSource>& parts,
                                    const TruthFields& truth) {
  if (parts.empty()) return;
  int64_t members = 0;
  for (const PartSource& source : parts) members += source.part->header().members.size();
  for (size_t tile = 0; tile < tiles_of(frame_.grid->points()); ++tile) {
    stop_if_requested();
    add_tile(ensemble, merge_tile(parts, plan_, pair_, tile), tile, truth);
  }
  for (ScoreSums& sums : ensemble.sums) sums.end_time(time, {});
  ensemble.least = ensemble.times.empty() ? members : std::min(ensemble.least, members);
  ensemble.most = std::max(ensemble.most, members);
  ensemble.times.push_back(time);
}

void StatisticsScores::add_tile(Ensemble& ensemble, const TileTotals& totals, size_t tile, const TruthFields& truth) {
  const size_t begin = tile * part_tile, points = std::min(part_tile, frame_.grid->points() - begin);
  std::vector<PointOutcome> outcomes(points);
  std::vector<std::vector<int64_t>> events(points);
  parallel_for(static_cast<int64_t>(points), [&](int64_t from, int64_t to) {
    for (auto k = static_cast<size_t>(from); k < static_cast<size_t>(to); ++k) {
      outcomes[k] = outcome(totals, k, points, truth.truth[begin + k], events[k]);
      if (known_.climate) outcomes[k].climate = truth.climate[begin + k];
    }
  });
  parallel_for(static_cast<int64_t>(ensemble.sums.size()), [&](int64_t from, int64_t to) {
    for (auto r = static_cast<size_t>(from); r < static_cast<size_t>(to); ++r) {
      const ScoreRegion& region = (*frame_.regions)[r];
      for (size_t k = 0; k < points; ++k) {
        if (!region.contains(begin + k)) continue;
        PointOutcome point = outcomes[k];
        point.weight = region.weight(begin + k);
        ensemble.sums[r].add(point);
      }
    }
  });
}

PointOutcome StatisticsScores::outcome(const TileTotals& totals, size_t k, size_t points, float truth,
                                       std::vector<int64_t>& events) const {
  const PairPlan& plan = plan_[static_cast<size_t>(pair_)];
  PointOutcome point{0.0, truth, totals.members};
  if (plan.histogram) {
    const size_t begin = totals.begin[k], count = totals.begin[k + 1] - begin;
    const auto mean = plan.moments ? std::optional(mean_of(plan.fixed, totals.members, totals.sum[k])) : std::nullopt;
    point.scores =
        histogram_scores(*plan.histogram, totals.first[k], std::span(totals.counts).subspan(begin, count), truth, mean);
  }
  if (plan.moments) {
    point.scores.mean = mean_of(plan.fixed, totals.members, totals.sum[k]);
    const double deviation = deviation_of(plan.fixed, totals.members, totals.sum[k], totals.squares[k]);
    point.scores.variance = deviation * deviation;
  }
  if (plan.extremes) {
    point.outlier = truth < value_of(totals.lowest[k]) || truth > value_of(totals.highest[k]);
  }
  for (size_t t = 0; t < frame_.thresholds.size(); ++t) events.push_back(totals.above[t * points + k]);
  point.events = events;
  return point;
}

std::vector<ScoreEntry> StatisticsScores::entries() const {
  std::vector<ScoreEntry> entries;
  for (const Ensemble& ensemble : ensembles_) {
    for (size_t r = 0; r < ensemble.sums.size() && !ensemble.times.empty(); ++r) {
      ScoreEntry& entry = entries.emplace_back();
      entry.variable = frame_.variable, entry.lead = frame_.lead, entry.model = ensemble.model;
      entry.region = (*frame_.regions)[r].name(), entry.from_members = false;
      entry.least_members = ensemble.least, entry.most_members = ensemble.most;
      entry.times = ensemble.times;
      const ScoreSums& sums = ensemble.sums[r];
      put_sums(sums, entry);
      if (!known_.crps) continue;
      entry.bounds = {{"crps", sums.crps_bound()}};
      if (ensemble.least > 1) entry.bounds.push_back({"crps_fair", sums.fair_crps_bound()});
      if (sums.ranks() != nullptr) entry.bounds.push_back({"rank_histogram", sums.rank_bound()});
    }
  }
  return entries;
}

}  // namespace hens
