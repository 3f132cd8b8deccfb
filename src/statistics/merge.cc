#include "statistics/merge.h"

#include <algorithm>

#include "base/error.h"

namespace hens {
namespace {

template <typename Total, typename Part>
void add_up(std::vector<Total>& totals, const std::vector<Part>& part) {
  totals.resize(part.size());
  for (size_t k = 0; k < part.size(); ++k) totals[k] += part[k];
}

void add_extremes(TileTotals& totals, const TileSums& part, uint32_t first_member) {
  totals.lowest.resize(part.lowest.size(), no_lowest);
  totals.highest.resize(part.highest.size(), no_highest);
  for (size_t k = 0; k < part.lowest.size(); ++k) {
    // The member stands in the low half: as it is for the lowest, inverted for the highest.
    if (part.lowest[k] != no_lowest) totals.lowest[k] = std::min(totals.lowest[k], part.lowest[k] + first_member);
    if (part.highest[k] != no_highest) totals.highest[k] = std::max(totals.highest[k], part.highest[k] - first_member);
  }
}

// Room for the counts of all parts, from the first to the last bin at each point.
void make_room(TileTotals& totals, const std::vector<PartSource>& parts, const std::vector<PairPlan>& plan, int pair,
               size_t tile) {
  std::vector<int64_t> end;
  for (const PartSource& source : parts) {
    const Spans spans = source.part->read_extent(plan, source.pair(pair), tile);
    totals.first.resize(spans.first.size(), INT32_MAX);
    end.resize(spans.first.size(), INT32_MIN);
    for (size_t k = 0; k < spans.first.size(); ++k) {
      if (spans.length[k] == 0) continue;
      totals.first[k] = std::min(totals.first[k], spans.first[k]);
      end[k] = std::max(end[k], int64_t{spans.first[k]} + spans.length[k]);
    }
  }
  totals.begin.assign(1, 0);
  for (size_t k = 0; k < end.size(); ++k) {
    totals.begin.push_back(totals.begin.back() + static_cast<uint64_t>(std::max(int64_t{0}, end[k] - totals.first[k])));
  }
  totals.counts.assign(totals.begin.back(), 0);
}

void add_counts(TileTotals& totals, const Spans& spans) {
  size_t at = 0;
  for (size_t k = 0; k < spans.first.size(); ++k) {
    if (spans.length[k] == 0) continue;
    uint32_t* into = totals.counts.data() + totals.begin[k] + (spans.first[k] - totals.first[k]);
    for (uint32_t i = 0; i < spans.length[k]; ++i) into[i] += spans.counts[at++];
  }
}

}  // namespace

TileTotals merge_tile(const std::vector<PartSource>& parts, const std::vector<PairPlan>& plan, int pair, size_t tile) {
  TileTotals totals;
  const bool histogram =
      plan.at(static_cast<size_t>(parts.empty() ? pair : parts.front().pair(pair))).histogram.has_value();
  if (histogram) make_room(totals, parts, plan, pair, tile);
  for (const PartSource& source : parts) {
    const TileSums part = source.part->read(plan, source.pair(pair), tile);
    totals.members += source.part->header().members.size();
    if (!part.sum.empty()) add_up(totals.sum, part.sum), add_up(totals.squares, part.squares);
    add_extremes(totals, part, source.first_member);
    if (!part.above.empty()) add_up(totals.above, part.above);
    if (histogram) add_counts(totals, part.spans);
  }
  return totals;
}

void refuse_overlaps(const std::vector<const PartReader*>& parts) {
  for (size_t a = 0; a < parts.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      const int member = parts[a]->header().members.first_common(parts[b]->header().members);
      if (member < 0) continue;
      fail(ExitCode::bad_input,
           "{} and {} both hold member {} of the same forecast: it would count twice; leave one of the folders out, or "
           "run the job again in the folder that both lie in",
           parts[b]->path().string(), parts[a]->path().string(), member);
    }
  }
}

std::vector<const PartReader*> disjoint_parts(std::vector<const PartReader*> parts) {
  const auto rank = [](const PartReader* part) { return std::pair(-part->header().members.size(), part->path()); };
  std::ranges::sort(parts, {}, rank);
  std::vector<const PartReader*> kept;
  MemberSet members;
  for (const PartReader* part : parts) {
    if (members.intersects(part->header().members)) continue;
    members.add(part->header().members);
    kept.push_back(part);
  }
  return kept;
}

}  // namespace hens
