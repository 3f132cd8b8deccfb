#include "scores/histogram_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hens {
namespace {

struct Bin {
  double low, high, below, count;  // edges; members before it and in it
  double width() const { return high - low; }
  double centre() const { return 0.5 * (low + high); }
};

// The mean distance of members of the truth's own bin from it.
double own_distance(const Bin& bin, double truth) {
  const double left = truth - bin.low, right = bin.high - truth, width = bin.width();
  return (left * left + right * right) / (2.0 * width) - width / 6.0;
}

}  // namespace

// |CRPS(F) - CRPS(G)| <= integral |F - G| |F + G - 2 H|: in a bin with the share p of the members, of width w, the
// first factor's integral is at most p w / 2, the second at most twice F at its upper edge below the truth, twice 1 - F
// at its lower edge above it. own_distance() differs from the centre's by at most w / 6.
PointScores histogram_scores(Lattice lattice, int32_t first, std::span<const uint32_t> counts, float truth,
                             std::optional<double> mean) {
  const double members = static_cast<double>(std::accumulate(counts.begin(), counts.end(), uint64_t{0}));
  const int32_t own = bin_of(lattice, truth);
  const double y = truth;
  double below = 0.0, to_truth = 0.0, pairs = 0.0, bound = 0.0, half_widths = 0.0;
  double centres = 0.0, beyond = 0.0;  // sum of centres, members above the truth less those below it
  PointScores scores;
  for (size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] == 0) continue;
    const int32_t number = first + static_cast<int32_t>(k);
    const Bin bin{lower_edge(lattice, number), lower_edge(lattice, number + 1), below, static_cast<double>(counts[k])};
    const double to_high = (below + bin.count) / members, from_low = 1.0 - below / members;
    to_truth += bin.count * (number == own ? own_distance(bin, y) : std::abs(bin.centre() - y));
    pairs += bin.count * (2.0 * below + bin.count - members) * (bin.centre() - y);
    const double factor = number < own ? to_high : number > own ? from_low : std::max(to_high, from_low) + 1.0 / 6.0;
    bound += bin.count * bin.width() * factor, half_widths += bin.count * bin.width() / 2.0;
    centres += bin.count * (bin.centre() - y);
    beyond += number < own ? -bin.count : number > own ? bin.count : 0.0;
    if (number < own) scores.below += counts[k];
    if (number <= own) scores.at_most += counts[k];
    below += bin.count;
  }
  // Moving all members alike changes their distances from the truth, not those between them.
  const double moved = mean ? (*mean - y - centres / members) * beyond / members : 0.0;
  scores.crps = to_truth / members - pairs / (members * members) + moved;
  scores.crps_bound = bound / members + std::abs(moved);
  if (members > 1.0) {
    scores.fair_crps = to_truth / members - pairs / (members * (members - 1.0)) + moved;
    // The fair form takes the pairs' term 1 / (M - 1) times more, which is off by half a width a member at most.
    scores.fair_crps_bound = scores.crps_bound + half_widths / members / (members - 1.0);
  }
  return scores;
}

}  // namespace hens
