#include "scores/rank_histogram.h"

#include <algorithm>
#include <cmath>

namespace hens {

RankHistogram::RankHistogram(int64_t members)
    : expected_(static_cast<size_t>(members) + 1), upper_(static_cast<size_t>(members) + 1) {}

void RankHistogram::add(int64_t below, int64_t at_most) {
  const double share = 1.0 / static_cast<double>(at_most - below + 1);
  for (int64_t rank = below; rank <= at_most; ++rank) expected_[static_cast<size_t>(rank)] += share;
  ++upper_[static_cast<size_t>(at_most)];
  ++points_;
}

void RankHistogram::add(const RankHistogram& other) {
  for (size_t k = 0; k < expected_.size(); ++k) expected_[k] += other.expected_[k], upper_[k] += other.upper_[k];
  points_ += other.points_;
}

std::vector<double> RankHistogram::classes(size_t most) const {
  const double points = static_cast<double>(points_), ranks = static_cast<double>(expected_.size());
  std::vector<double> shares(std::min(most, expected_.size()));
  const double count = static_cast<double>(shares.size());
  for (size_t rank = 0; rank < expected_.size(); ++rank) {
    const double low = static_cast<double>(rank) / ranks * count, high = static_cast<double>(rank + 1) / ranks * count;
    for (auto k = static_cast<size_t>(low); k < shares.size() && static_cast<double>(k) < high; ++k) {
      const double overlap = std::min(high, static_cast<double>(k + 1)) - std::max(low, static_cast<double>(k));
      shares[k] += expected_[rank] / points * std::max(0.0, overlap) / (high - low);
    }
  }
  return shares;
}

}  // namespace hens
