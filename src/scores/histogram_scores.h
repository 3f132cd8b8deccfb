// Scores of an ensemble of which only the counts of a histogram are known. Pure functions in double.
//
// Members are taken at the centres of their bins: to the order of the fourth power of a bin's width that makes neither
// distance between two of them larger or smaller on average, where the density is smooth (the spread that bins add to
// the distances, and the kink of |x| on a lattice, cancel: Euler and Maclaurin). In the truth's own bin they are spread
// evenly, and the same correction is a sixth of the width. Bounds hold for any members with these counts.
#pragma once

#include <cstdint>
#include <span>

#include "scores/ensemble_scores.h"
#include "statistics/lattice.h"

namespace hens {

// CRPS in both forms with their bounds, and how many members lie below the truth for certain and may not lie above it;
// mean and variance stay unknown. `counts`: of the bins from number `first` on; requires a count above 0.
PointScores histogram_scores(Lattice lattice, int32_t first, std::span<const uint32_t> counts, float truth);

}  // namespace hens
