#include "statistics/final_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace hens {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// The distribution function, times the number of values, over one bin: a cubic in u = 0..1 with these slopes at its
// ends.
struct Piece {
  double below, count;  // of values before and in the bin
  double left, right;   // slopes times the bin's width
  double at(double u) const {
    const double v = 1.0 - u;
    return below + count * (u * u * (3.0 - 2.0 * u)) + left * (u * v * v) - right * (u * u * v);
  }
};

// The slope at an edge between two bins, so that the cubics stay monotone: 0 beside an empty one, else the weighted
// harmonic mean of the bins' own slopes.
double edge_slope(double count_a, double width_a, double count_b, double width_b) {
  if (count_a == 0.0 || count_b == 0.0) return 0.0;
  const double a = 2.0 * width_b + width_a, b = width_b + 2.0 * width_a;
  return (a + b) / (a * width_a / count_a + b * width_b / count_b);
}

// Where the piece reaches `target`: Newton's method, held between bounds that close in.
double inverse(const Piece& piece, double target) {
  double low = 0.0, high = 1.0, u = (target - piece.below) / piece.count;
  for (int round = 0; round < 60 && high - low > 1e-9; ++round) {
    const double value = piece.at(u) - target;
    if (value == 0.0) return u;
    (value < 0.0 ? low : high) = u;
    const double v = 1.0 - u;
    const double slope = 6.0 * piece.count * u * v + piece.left * v * (v - 2.0 * u) + piece.right * u * (u - 2.0 * v);
    const double next = u - value / slope;
    const double moved = next > low && next < high ? next : 0.5 * (low + high);
    if (std::fabs(moved - u) < 1e-10) return moved;
    u = moved;
  }
  return u;
}

}  // namespace

// offset + sum / (M 2^k) as one fraction: numerator and denominator are whole numbers below 2^53 for up to 2^23
// members.
double mean_of(FixedPoint fixed, int64_t members, int64_t sum) {
  if (members == 0) return nan;
  const double count = static_cast<double>(members);
  return (static_cast<double>(sum) + fixed.offset * fixed.scale * count) / (count * fixed.scale);
}

double deviation_of(FixedPoint fixed, int64_t members, int64_t sum, Wide squares) {
  if (members < 2) return nan;
  const auto count = static_cast<Wide>(members);
  const auto size = static_cast<Wide>(sum < 0 ? -sum : sum);
  const Wide numerator = count * squares - size * size, denominator = count * (count - 1);
  return std::sqrt(static_cast<double>(numerator) / static_cast<double>(denominator)) / fixed.scale;
}

double probability_of(int64_t members, uint64_t events) {
  return members == 0 ? nan : static_cast<double>(events) / static_cast<double>(members);
}

double quantile_of(Lattice lattice, int32_t first, std::span<const uint32_t> counts, double level) {
  const double members = static_cast<double>(std::accumulate(counts.begin(), counts.end(), uint64_t{0}));
  if (members == 0.0) return nan;
  const double target = std::min(level * members, members);
  double below = 0.0;
  size_t bin = 0;
  while (counts[bin] == 0 || below + counts[bin] < target) below += counts[bin++];
  const auto edge = [&](size_t k) { return lower_edge(lattice, first + static_cast<int32_t>(k)); };
  const auto width = [&](size_t k) { return edge(k + 1) - edge(k); };
  const double count = counts[bin];
  const double slope_left = bin == 0 ? 0.0 : edge_slope(counts[bin - 1], width(bin - 1), count, width(bin));
  const double slope_right =
      bin + 1 == counts.size() ? 0.0 : edge_slope(count, width(bin), counts[bin + 1], width(bin + 1));
  const Piece piece{below, count, slope_left * width(bin), slope_right * width(bin)};
  const double u = std::clamp(inverse(piece, target), 0.0, 1.0);
  return edge(bin) + u * width(bin);
}

}  // namespace hens
