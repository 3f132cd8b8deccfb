#include "scores/extreme_fields.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/parallel.h"
#include "base/stop.h"
#include "scores/extreme_index.h"

namespace hens {
namespace {

// A distribution function and its inverse, at one point.
struct Distribution {
  std::function<double(double value)> share_below;
  std::function<double(double level)> quantile;
};

ExtremeFields room(size_t points) {
  return {std::vector<float>(points), std::vector<float>(points), std::vector<float>(points)};
}

void put_point(const Distribution& forecast, const ClimateQuantiles& climate, size_t point, ExtremeFields& into) {
  std::vector<ClimateShare> shares;
  for (size_t k = 0; k < climate.levels.size(); ++k) {
    shares.push_back({climate.levels[k], forecast.share_below(climate.values[k][point])});
  }
  const auto quantile = [&](double level) -> double {
    const auto found = std::ranges::find(climate.levels, level);
    if (found == climate.levels.end()) return std::numeric_limits<double>::quiet_NaN();
    return climate.values[static_cast<size_t>(found - climate.levels.begin())][point];
  };
  into.efi[point] = static_cast<float>(extreme_forecast_index(shares));
  into.sot90[point] = static_cast<float>(shift_of_tail(forecast.quantile(0.9), quantile(0.99), quantile(0.9)));
  into.sot10[point] = static_cast<float>(shift_of_tail(forecast.quantile(0.1), quantile(0.01), quantile(0.1)));
}

// Members of a bin are spread evenly in it.
double counted_below(Lattice lattice, int32_t first, std::span<const uint32_t> counts, double members, double value) {
  double below = 0.0;
  for (size_t k = 0; k < counts.size(); ++k) {
    const double low = lower_edge(lattice, first + static_cast<int32_t>(k));
    const double high = lower_edge(lattice, first + static_cast<int32_t>(k) + 1);
    below += counts[k] * std::clamp((value - low) / (high - low), 0.0, 1.0);
  }
  return below / members;
}

}  // namespace

ExtremeFields extremes_of_members(const std::vector<MemberField>& fields, const LatLonGrid& grid,
                                  const BlockLimits& limits, const ClimateQuantiles& climate) {
  ExtremeFields made = room(grid.points());
  for_each_block(fields, grid, limits, [&](const MemberBlock& block) {
    const size_t points = static_cast<size_t>(block.rows) * grid.lon.size();
    const size_t begin = static_cast<size_t>(block.row) * grid.lon.size();
    parallel_for(static_cast<int64_t>(points), [&](int64_t from, int64_t to) {
      std::vector<double> x(fields.size());
      const Distribution forecast{[&](double value) { return share_below(x, value); },
                                  [&](double level) { return quantile_of_sorted(x, level); }};
      for (auto p = static_cast<size_t>(from); p < static_cast<size_t>(to); ++p) {
        for (size_t m = 0; m < x.size(); ++m) x[m] = block.values[m * points + p];
        std::ranges::sort(x);
        put_point(forecast, climate, begin + p, made);
      }
    });
  });
  return made;
}

ExtremeFields extremes_of_parts(const std::vector<PartSource>& parts, const std::vector<StatisticsPair>& pairs,
                                int pair, size_t points, const ClimateQuantiles& climate) {
  ExtremeFields made = room(points);
  const std::vector<PairPlan> plan = plans_of(pairs);
  const Lattice lattice = *plan.at(static_cast<size_t>(pair)).histogram;
  for (size_t tile = 0; tile < tiles_of(points); ++tile) {
    stop_if_requested();
    const TileTotals totals = merge_tile(parts, plan, pair, tile);
    const double members = static_cast<double>(totals.members);
    parallel_for(static_cast<int64_t>(totals.begin.size() - 1), [&](int64_t from, int64_t to) {
      for (auto k = static_cast<size_t>(from); k < static_cast<size_t>(to); ++k) {
        const std::span counts =
            std::span(totals.counts).subspan(totals.begin[k], totals.begin[k + 1] - totals.begin[k]);
        const int32_t first = totals.first[k];
        const Distribution forecast{[&](double value) { return counted_below(lattice, first, counts, members, value); },
                                    [&](double level) { return quantile_of(lattice, first, counts, level); }};
        put_point(forecast, climate, tile * part_tile + k, made);
      }
    });
  }
  return made;
}

}  // namespace hens
