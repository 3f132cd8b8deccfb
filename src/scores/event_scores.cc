#include "scores/event_scores.h"

#include <algorithm>
#include <limits>

namespace hens {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

ProbabilityCategory total_of(const std::vector<ProbabilityCategory>& categories) {
  ProbabilityCategory total;
  for (const ProbabilityCategory& category : categories) {
    total.weight += category.weight, total.occurred += category.occurred;
  }
  return total;
}

}  // namespace

void EventScores::add(double weight, int64_t events, int64_t members, bool occurred) {
  std::vector<Sums>& sums = sums_[members];
  if (sums.empty()) sums.resize(static_cast<size_t>(members) + 1);
  Sums& category = sums[static_cast<size_t>(events)];
  category.weight += weight;
  if (occurred) category.occurred += weight;
}

std::vector<ProbabilityCategory> EventScores::categories() const {
  std::vector<ProbabilityCategory> all;
  for (const auto& [members, sums] : sums_) {
    for (size_t k = 0; k < sums.size(); ++k) {
      if (sums[k].weight <= 0.0) continue;
      all.push_back({static_cast<double>(k) / static_cast<double>(members), sums[k].weight, sums[k].occurred});
    }
  }
  std::ranges::stable_sort(all, {}, &ProbabilityCategory::probability);
  return all;
}

BrierScore EventScores::brier() const {
  const std::vector<ProbabilityCategory> all = categories();
  const ProbabilityCategory total = total_of(all);
  if (total.weight <= 0.0) return {nan, nan, nan, nan, nan};
  BrierScore brier;
  brier.base_rate = total.occurred / total.weight;
  brier.uncertainty = brier.base_rate * (1.0 - brier.base_rate);
  for (const auto& [p, weight, occurred] : all) {
    const double frequency = occurred / weight, share = weight / total.weight;
    brier.score += share * (frequency * (1.0 - p) * (1.0 - p) + (1.0 - frequency) * p * p);
    brier.reliability += share * (p - frequency) * (p - frequency);
    brier.resolution += share * (frequency - brier.base_rate) * (frequency - brier.base_rate);
  }
  return brier;
}

std::vector<ProbabilityCategory> EventScores::reliability_curve(size_t most) const {
  const std::vector<ProbabilityCategory> all = categories();
  if (all.size() <= most) return all;
  std::vector<ProbabilityCategory> bins(most);
  for (const ProbabilityCategory& category : all) {
    const auto bin = static_cast<size_t>(category.probability * static_cast<double>(most));
    ProbabilityCategory& into = bins[std::min(bin, most - 1)];
    into.probability += category.weight * category.probability;
    into.weight += category.weight, into.occurred += category.occurred;
  }
  std::erase_if(bins, [](const ProbabilityCategory& bin) { return bin.weight <= 0.0; });
  for (ProbabilityCategory& bin : bins) bin.probability /= bin.weight;
  return bins;
}

std::vector<RocPoint> EventScores::roc_curve() const {
  const std::vector<ProbabilityCategory> all = categories();
  const ProbabilityCategory total = total_of(all);
  const double came = total.occurred, not_came = total.weight - total.occurred;
  if (!(came > 0.0) || !(not_came > 1e-12 * total.weight)) return {};
  std::vector<RocPoint> curve{{0.0, 0.0}};
  double hits = 0.0, alarms = 0.0;
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    hits += at->occurred, alarms += at->weight - at->occurred;
    if (std::next(at) != all.rend() && std::next(at)->probability == at->probability) continue;
    curve.push_back({alarms / not_came, hits / came});
  }
  return curve;
}

double EventScores::roc_area() const {
  const std::vector<RocPoint> curve = roc_curve();
  if (curve.empty()) return nan;
  double area = 0.0;
  for (size_t k = 1; k < curve.size(); ++k) {
    area +=
        (curve[k].false_alarm_rate - curve[k - 1].false_alarm_rate) * 0.5 * (curve[k].hit_rate + curve[k - 1].hit_rate);
  }
  return area;
}

}  // namespace hens
