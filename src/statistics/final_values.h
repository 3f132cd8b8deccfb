// What sums become in the end: mean, standard deviation, probability, quantile. Pure functions of integers, each
// rounded from the exact number, so that the same members give the same bytes on every machine.
#pragma once

#include <cstdint>
#include <span>

#include "statistics/lattice.h"

namespace hens {

__extension__ typedef unsigned __int128 Wide;

// NaN where there are too few members: none, or one for the standard deviation.
double mean_of(FixedPoint fixed, int64_t members, int64_t sum);
// Of the sample: divided by members - 1. Exact up to the last three operations: (M S2 - S^2) / (M (M - 1)) has 128
// bits.
double deviation_of(FixedPoint fixed, int64_t members, int64_t sum, Wide squares);
double probability_of(int64_t members, uint64_t events);

// The value at `level`, 0 to 1, of a histogram whose first bin is `first`: the inverse of a monotone cubic through the
// distribution function at the edges of the bins (Fritsch and Butland 1984; PCHIP). It lies in the bin in which the
// ceil(level * members)-th smallest value lies: at most one width from it. NaN where nothing was counted.
double quantile_of(Lattice lattice, int32_t first, std::span<const uint32_t> counts, double level);

}  // namespace hens
