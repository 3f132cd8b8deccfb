#include "scores/extreme_index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace hens {
namespace {

// Antiderivatives of 1 / sqrt(p (1 - p)) and p / sqrt(p (1 - p)).
double weight_to(double p) { return 2.0 * std::asin(std::sqrt(p)); }
double moment_to(double p) { return std::asin(std::sqrt(p)) - std::sqrt(p * (1.0 - p)); }

// The integral over [from, to] of (p - F) / sqrt(p (1 - p)) for F = share + slope (p - from).
double piece(double from, double to, double share, double slope) {
  const double constant = share - slope * from;
  return (1.0 - slope) * (moment_to(to) - moment_to(from)) - constant * (weight_to(to) - weight_to(from));
}

}  // namespace

double extreme_forecast_index(std::span<const ClimateShare> shares) {
  double sum = piece(0.0, shares.front().level, shares.front().share, 0.0);
  for (size_t k = 1; k < shares.size(); ++k) {
    const auto [from, low] = shares[k - 1];
    const auto [to, high] = shares[k];
    if (to > from) sum += piece(from, to, low, (high - low) / (to - from));
  }
  sum += piece(shares.back().level, 1.0, shares.back().share, 0.0);
  return sum * 2.0 / std::numbers::pi;
}

double share_below(std::span<const double> sorted, double value) {
  const auto below = std::ranges::lower_bound(sorted, value) - sorted.begin();
  const auto at_most = std::ranges::upper_bound(sorted, value) - sorted.begin();
  return 0.5 * static_cast<double>(below + at_most) / static_cast<double>(sorted.size());
}

double quantile_of_sorted(std::span<const double> sorted, double level) {
  const double at = level * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

double shift_of_tail(double forecast, double outer, double inner) {
  if (outer == inner) return std::numeric_limits<double>::quiet_NaN();
  return (forecast - outer) / (outer - inner);
}

}  // namespace hens
