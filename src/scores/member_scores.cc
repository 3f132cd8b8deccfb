#include "scores/member_scores.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace hens {
namespace {

constexpr size_t chunk_points = 16'384;  // scored before they are summed up
constexpr size_t gathered_points = 16;   // whose members one thread has at hand: a cache line of floats

KnownScores all_known(bool climate) {
  return {.mean = true,
          .variance = true,
          .crps = true,
          .threshold_crps = true,
          .ranks = true,
          .outliers = true,
          .events = true,
          .climate = climate};
}

// Sorts values whose runs [bounds[k], bounds[k + 1]) are sorted, two neighbours at a time.
void merge_runs(std::span<double> values, std::vector<size_t> bounds) {
  while (bounds.size() > 2) {
    std::vector<size_t> next{0};
    for (size_t k = 0; k + 1 < bounds.size(); k += 2) {
      const size_t end = bounds[std::min(k + 2, bounds.size() - 1)];
      const auto begin = values.begin();
      std::inplace_merge(begin + static_cast<std::ptrdiff_t>(bounds[k]),
                         begin + static_cast<std::ptrdiff_t>(bounds[k + 1]), begin + static_cast<std::ptrdiff_t>(end));
      next.push_back(end);
    }
    bounds = std::move(next);
  }
}

}  // namespace

// What some consecutive points become, in each of the ensembles that are there.
struct MemberScores::Chunk {
  const std::vector<Slice>& slices;
  size_t begin = 0, points = 0, in_block = 0;    // the first point of the grid, how many, the first in the block
  std::vector<std::vector<PointScores>> scores;  // [slice][point]
  std::vector<std::vector<int64_t>> events;      // [slice][point * threshold]
  std::vector<std::vector<double>> above;        // [slice][point * threshold]

  Chunk(const std::vector<Slice>& all, size_t thresholds)
      : slices(all),
        scores(all.size(), std::vector<PointScores>(chunk_points)),
        events(all.size(), std::vector<int64_t>(chunk_points * thresholds)),
        above(all.size(), std::vector<double>(chunk_points * thresholds)) {}

  void put(size_t slice, size_t point, std::span<const double> sorted, double truth,
           const std::vector<Threshold>& thresholds) {
    scores[slice][point] = point_scores(sorted, truth);
    for (size_t k = 0; k < thresholds.size(); ++k) {
      events[slice][point * thresholds.size() + k] = count_events(sorted, thresholds[k]);
      above[slice][point * thresholds.size() + k] = threshold_weighted_crps(sorted, truth, thresholds[k].value);
    }
  }
};

MemberScores::MemberScores(ScoreFrame frame, int models, bool climate) : frame_(std::move(frame)), climate_(climate) {
  const std::vector<ScoreSums> sums(frame_.regions->size(), ScoreSums(all_known(climate), frame_.thresholds));
  for (int model = 0; model < models; ++model) ensembles_.push_back({model, sums});
  if (models > 1) ensembles_.push_back({std::nullopt, sums});
  for (Ensemble& ensemble : ensembles_) ensemble.best.resize(frame_.regions->size());
}

// All models together come last: their members are the models' sorted ones, merged.
std::vector<MemberScores::Slice> MemberScores::slices_of(const std::vector<ModelFields>& ensemble) const {
  std::vector<Slice> slices;
  size_t first = 0;
  for (const ModelFields& model : ensemble) {
    if (!model.fields.empty()) slices.push_back({static_cast<size_t>(model.model), first, model.fields.size()});
    first += model.fields.size();
  }
  const bool several = !ensembles_.back().model.has_value();
  if (several && first > 0) slices.push_back({ensembles_.size() - 1, 0, first});
  return slices;
}

void MemberScores::add_time(size_t time, const std::vector<ModelFields>& ensemble, const TruthFields& truth,
                            const BlockLimits& limits) {
  std::vector<MemberField> fields;
  for (const ModelFields& model : ensemble) fields.insert(fields.end(), model.fields.begin(), model.fields.end());
  if (fields.empty()) return;
  const std::vector<Slice> slices = slices_of(ensemble);
  std::vector<std::vector<double>> squares(frame_.regions->size(), std::vector<double>(fields.size()));
  for_each_block(fields, *frame_.grid, limits, [&](const MemberBlock& block) {
    add_block(block, slices, fields.size(), truth);
    add_squares(block, fields.size(), truth, squares);
  });
  end_time(time, slices, ensemble, squares);
}

void MemberScores::add_block(const MemberBlock& block, const std::vector<Slice>& slices, size_t members,
                             const TruthFields& truth) {
  const size_t columns = frame_.grid->lon.size(), points = static_cast<size_t>(block.rows) * columns;
  Chunk chunk(slices, frame_.thresholds.size());
  for (size_t at = 0; at < points; at += chunk_points) {
    chunk.in_block = at, chunk.begin = static_cast<size_t>(block.row) * columns + at;
    chunk.points = std::min(chunk_points, points - at);
    score_chunk(block, members, truth, chunk);
    add_chunk(chunk, truth);
  }
}

void MemberScores::score_chunk(const MemberBlock& block, size_t members, const TruthFields& truth, Chunk& chunk) const {
  const size_t stride = static_cast<size_t>(block.rows) * frame_.grid->lon.size();
  const size_t groups = (chunk.points + gathered_points - 1) / gathered_points;
  std::vector<size_t> bounds{0};
  for (const Slice& slice : chunk.slices) {
    if (ensembles_[slice.ensemble].model) bounds.push_back(slice.first + slice.count);
  }
  parallel_for(static_cast<int64_t>(groups), [&](int64_t from, int64_t to) {
    std::vector<double> gathered(gathered_points * members);
    for (auto group = static_cast<size_t>(from); group < static_cast<size_t>(to); ++group) {
      const size_t first = group * gathered_points, count = std::min(gathered_points, chunk.points - first);
      for (size_t m = 0; m < members; ++m) {
        const float* values = block.values.data() + m * stride + chunk.in_block + first;
        for (size_t p = 0; p < count; ++p) gathered[p * members + m] = values[p];
      }
      for (size_t p = 0; p < count; ++p) {
        const std::span<double> point(gathered.data() + p * members, members);
        const double y = truth.truth[chunk.begin + first + p];
        for (size_t s = 0; s < chunk.slices.size(); ++s) {
          const Slice& slice = chunk.slices[s];
          const std::span<double> own = point.subspan(slice.first, slice.count);
          if (ensembles_[slice.ensemble].model) {
            std::ranges::sort(own);
          } else {
            merge_runs(own, bounds);
          }
          chunk.put(s, first + p, own, y, frame_.thresholds);
        }
      }
    }
  });
}

void MemberScores::add_chunk(const Chunk& chunk, const TruthFields& truth) {
  const size_t regions = frame_.regions->size(), thresholds = frame_.thresholds.size();
  parallel_for(static_cast<int64_t>(chunk.slices.size() * regions), [&](int64_t from, int64_t to) {
    for (auto k = static_cast<size_t>(from); k < static_cast<size_t>(to); ++k) {
      const size_t s = k / regions;
      const ScoreRegion& region = (*frame_.regions)[k % regions];
      ScoreSums& sums = ensembles_[chunk.slices[s].ensemble].sums[k % regions];
      for (size_t p = 0; p < chunk.points; ++p) {
        const size_t at = chunk.begin + p;
        if (!region.contains(at)) continue;
        PointOutcome point{region.weight(at), truth.truth[at], static_cast<int64_t>(chunk.slices[s].count),
                           chunk.scores[s][p]};
        point.outlier = point.scores.at_most == 0 || point.scores.below == point.members;
        point.events = std::span(chunk.events[s]).subspan(p * thresholds, thresholds);
        point.threshold_crps = std::span(chunk.above[s]).subspan(p * thresholds, thresholds);
        if (climate_) point.climate = truth.climate[at];
        sums.add(point);
      }
    }
  });
}

void MemberScores::add_squares(const MemberBlock& block, size_t members, const TruthFields& truth,
                               std::vector<std::vector<double>>& squares) const {
  const size_t columns = frame_.grid->lon.size(), points = static_cast<size_t>(block.rows) * columns;
  const size_t begin = static_cast<size_t>(block.row) * columns;
  for (size_t r = 0; r < squares.size(); ++r) {
    const ScoreRegion& region = (*frame_.regions)[r];
    std::vector<size_t> inside;
    for (size_t p = 0; p < points; ++p) {
      if (region.contains(begin + p)) inside.push_back(p);
    }
    parallel_for(static_cast<int64_t>(members), [&](int64_t from, int64_t to) {
      for (auto m = static_cast<size_t>(from); m < static_cast<size_t>(to); ++m) {
        const float* values = block.values.data() + m * points;
        double sum = squares[r][m];
        for (const size_t p : inside) {
          const double error = static_cast<double>(values[p]) - truth.truth[begin + p];
          sum += region.weight(begin + p) * error * error;
        }
        squares[r][m] = sum;
      }
    });
  }
}

void MemberScores::end_time(size_t time, const std::vector<Slice>& slices, const std::vector<ModelFields>& ensemble,
                            const std::vector<std::vector<double>>& squares) {
  std::vector<std::pair<int, int>> names;  // model and member of each field
  for (const ModelFields& model : ensemble) {
    for (const int member : model.members) names.emplace_back(model.model, member);
  }
  for (const Slice& slice : slices) {
    Ensemble& scored = ensembles_[slice.ensemble];
    const auto members = static_cast<int64_t>(slice.count);
    scored.least = scored.times.empty() ? members : std::min(scored.least, members);
    scored.most = std::max(scored.most, members);
    scored.times.push_back(time);
    for (size_t r = 0; r < squares.size(); ++r) {
      scored.sums[r].end_time(time, std::span(squares[r]).subspan(slice.first, slice.count));
      const BestMember& best = scored.sums[r].best_members().back();
      const auto [model, member] = names[slice.first + best.member];
      scored.best[r].push_back({time, model, member, best.rmse});
    }
  }
}

std::vector<ScoreEntry> MemberScores::entries() const {
  std::vector<ScoreEntry> entries;
  for (const Ensemble& ensemble : ensembles_) {
    for (size_t r = 0; r < ensemble.sums.size() && !ensemble.times.empty(); ++r) {
      ScoreEntry& entry = entries.emplace_back();
      entry.variable = frame_.variable, entry.lead = frame_.lead, entry.model = ensemble.model;
      entry.region = (*frame_.regions)[r].name();
      entry.least_members = ensemble.least, entry.most_members = ensemble.most;
      entry.times = ensemble.times;
      entry.best_members = ensemble.best[r];
      put_sums(ensemble.sums[r], entry);
    }
  }
  return entries;
}

}  // namespace hens
