#include "statistics/pair.h"

#include <algorithm>
#include <bit>
#include <map>

#include <fmt/format.h>

namespace hens {
namespace {

// Counts of one point by bin, those of the window and those outside of it.
std::map<int32_t, uint16_t> counts_at(const PairSums& sums, size_t point, const Outlier*& next, const Outlier* end) {
  std::map<int32_t, uint16_t> counts;
  const uint16_t* bins = sums.bins.data() + point * window_bins;
  for (int32_t k = 0; k < window_bins; ++k) {
    if (bins[k] > 0) counts[sums.base[point] + k] += bins[k];
  }
  for (; next != end && next->point == point; ++next) ++counts[next->bin];
  return counts;
}

}  // namespace

std::string text_of(const PairPlan& plan) {
  std::string text = fmt::format("{}:{}:{}:{}:{}", plan.fixed.offset, plan.fixed.scale, plan.moments, plan.extremes,
                                 static_cast<int>(plan.reduce));
  if (!plan.threshold_fields.empty()) text += ":" + plan.threshold_fields;
  for (const Threshold& threshold : plan.thresholds) {
    text += fmt::format(":{}{}", threshold.comparison == Exceedance::at_least ? ">=" : ">", threshold.value);
  }
  if (plan.histogram) text += fmt::format(":/{}", plan.histogram->width);
  return text;
}

float value_of(uint64_t key) {
  const auto bits = static_cast<uint32_t>(key >> 32);
  return std::bit_cast<float>(bits & 0x80000000u ? bits & 0x7fffffffu : ~bits);
}

PairSums::PairSums(const PairPlan& plan, size_t points) {
  if (plan.moments) sum.assign(points, 0), squares.assign(points, 0);
  if (plan.extremes) lowest.assign(points, no_lowest), highest.assign(points, no_highest);
  above.assign(plan.thresholds.size() * points, 0);
  if (plan.histogram) base.assign(points, no_base), bins.assign(points * window_bins, 0);
}

void PairSums::resize(const PairPlan& plan, size_t points) {
  sum.resize(plan.moments ? points : 0), squares.resize(plan.moments ? points : 0);
  lowest.resize(plan.extremes ? points : 0), highest.resize(plan.extremes ? points : 0);
  above.resize(plan.thresholds.size() * points);
  base.resize(plan.histogram ? points : 0), bins.resize(plan.histogram ? points * window_bins : 0);
}

Spans spans_of(PairSums& sums, size_t begin, size_t end) {
  if (!std::ranges::is_sorted(sums.outliers)) std::ranges::sort(sums.outliers);
  const Outlier first_of_tile{static_cast<uint32_t>(begin), INT32_MIN};
  const Outlier* next =
      sums.outliers.data() + (std::ranges::lower_bound(sums.outliers, first_of_tile) - sums.outliers.begin());
  const Outlier* last = sums.outliers.data() + sums.outliers.size();
  Spans spans;
  for (size_t point = begin; point < end; ++point) {
    const uint16_t* bins = sums.bins.data() + point * window_bins;
    const bool inside = next == last || next->point != point;
    if (inside) {  // nearly always: no map
      const uint16_t* from = std::find_if(bins, bins + window_bins, [](uint16_t n) { return n > 0; });
      const uint16_t* to = bins + window_bins;
      while (to > from && to[-1] == 0) --to;
      spans.first.push_back(from == to ? 0 : sums.base[point] + static_cast<int32_t>(from - bins));
      spans.length.push_back(static_cast<uint32_t>(to - from));
      spans.counts.insert(spans.counts.end(), from, to);
      continue;
    }
    const std::map<int32_t, uint16_t> counts = counts_at(sums, point, next, last);
    const int32_t first = counts.begin()->first;
    spans.first.push_back(first);
    spans.length.push_back(static_cast<uint32_t>(counts.rbegin()->first - first + 1));
    const size_t at = spans.counts.size();
    spans.counts.resize(at + spans.length.back(), 0);
    for (const auto& [bin, count] : counts) spans.counts[at + static_cast<size_t>(bin - first)] = count;
  }
  return spans;
}

void put_spans(PairSums& sums, const Spans& spans, size_t begin) {
  size_t at = 0;
  for (size_t k = 0; k < spans.first.size(); ++k) {
    const size_t point = begin + k;
    uint16_t* bins = sums.bins.data() + point * window_bins;
    if (spans.length[k] == 0) continue;
    const int32_t middle = spans.first[k] + static_cast<int32_t>(spans.length[k] / 2);
    sums.base[point] = middle - window_bins / 2;
    for (uint32_t i = 0; i < spans.length[k]; ++i) {
      const int32_t bin = spans.first[k] + static_cast<int32_t>(i), slot = bin - sums.base[point];
      const uint16_t count = spans.counts[at + i];
      if (slot >= 0 && slot < window_bins) {
        bins[slot] = count;
      } else {
        sums.outliers.insert(sums.outliers.end(), count, {static_cast<uint32_t>(point), bin});
      }
    }
    at += spans.length[k];
  }
}

}  // namespace hens
