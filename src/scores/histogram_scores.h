// Scores of an ensemble of which only the counts of a histogram are known. Pure functions in double.
//
// Members are taken at the centres of their bins: to the order of the fourth power of a bin's width that makes neither
// distance between two of them larger or smaller on average, where the density is smooth (the spread that bins add to
// the distances, and the kink of |x| on a lattice, cancel: Euler and Maclaurin). In the truth's own bin they are spread
// evenly, and the same correction is a sixth of the width. Where the members' mean is known, what it differs by from
// that of the centres is shared out evenly: the distances from a truth outside of all bins are exact then. Bounds hold
// for any members with these counts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "scores/ensemble_scores.h"
#include "statistics/lattice.h"

namespace hens {

// CRPS in both forms with their bounds, and how many members lie below the truth for certain and may not lie above it;
// mean and variance stay unknown. `counts`: of the bins from number `first` on; requires a count above 0. `mean`: of
// the members, where it is known.
PointScores histogram_scores(Lattice lattice, int32_t first, std::span<const uint32_t> counts, float truth,
                             std::optional<double> mean = std::nullopt);

}  // namespace hens
