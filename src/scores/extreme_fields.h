// Fields of the extreme forecast index and the shift of tails of one variable at one lead and initial time, of all
// models' members together: from the members, or from the counts of their histogram.
#pragma once

#include <array>
#include <vector>

#include "scores/climate.h"
#include "scores/member_blocks.h"
#include "statistics/merge.h"
#include "statistics/statistics_plan.h"

namespace hens {

// [lat, lon] each; NaN where the climate has no tail, or knows no quantile 0.99 (0.01).
struct ExtremeFields {
  std::vector<float> efi, sot90, sot10;
};

ExtremeFields extremes_of_members(const std::vector<MemberField>& fields, const LatLonGrid& grid,
                                  const BlockLimits& limits, const ClimateQuantiles& climate);

// Requires a pair with a histogram.
ExtremeFields extremes_of_parts(const std::vector<PartSource>& parts, const std::vector<StatisticsPair>& pairs,
                                int pair, size_t points, const ClimateQuantiles& climate);

}  // namespace hens
