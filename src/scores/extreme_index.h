// How unusual an ensemble is for its place and season: the extreme forecast index and the shift of tails. Pure
// functions in double.
//
// EFI (Lalaurette 2003, with the weight of Zsoter 2006): 2/pi times the integral over p, 0 to 1, of (p - F(p)) /
// sqrt(p (1 - p)), F(p) the share of members below the climate's quantile of level p. 1: all members above all that the
// climate knows; -1: all below it; 0: as the climate.
// SOT (Zsoter 2006): how far the ensemble's tail lies beyond the climate's, in widths of the climate's own tail. Above
// 0: a tenth of the members is more extreme than the climate's hundredth.
#pragma once

#include <span>
#include <vector>

namespace hens {

// The share of values below: F between two of its points (level, share), ascending, is linear; before the first and
// after the last it stays as it is there. Requires at least one.
struct ClimateShare {
  double level = 0.0, share = 0.0;
};
double extreme_forecast_index(std::span<const ClimateShare> shares);

// Of `sorted` members the share below `value`; of those equal to it half.
double share_below(std::span<const double> sorted, double value);

// Quantile by linear interpolation at level * (M - 1) (type 7).
double quantile_of_sorted(std::span<const double> sorted, double level);

// (forecast - outer) / (outer - inner): upper tail with the ensemble's quantile 0.9 and the climate's 0.99 and 0.9,
// lower with 0.1, 0.01 and 0.1. NaN where the climate has no tail: outer = inner.
double shift_of_tail(double forecast, double outer, double inner);

}  // namespace hens
