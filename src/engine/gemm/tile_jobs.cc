#include "engine/gemm/tile_jobs.h"

#include <cassert>
#include <iterator>
#include <map>
#include <utility>

namespace hens::engine {

std::vector<int> in_order(int n, Order order) {
  std::vector<int> all;
  for (int i = 0; i < n; ++i) all.push_back(i % 2 == 0 ? i / 2 : n - 1 - i / 2);
  if (order == Order::outwards) std::reverse(all.begin(), all.end());
  return all;
}

std::vector<TileJob> pointwise_jobs(int64_t rows, const LayerShape& layer, Order order) {
  std::vector<TileJob> jobs;
  for_tiles(rows, layer.width, layer.columns, order, [&](int row, int count, int col) {
    TileJob job = job_at(row, count, col, 0);
    for (size_t s = 0; s < layer.depths.size(); ++s) {
      set_origin(job.a[s], row, 0, 0);
      set_origin(job.b[s], col, 0, 0);
      job.k[s] = layer.depths[s];
    }
    job.statistics_row = row / tile_rows;
    jobs.push_back(job);
  });
  return jobs;
}

ChainedJobs chained_jobs(int64_t rows, const LayerShape& first, const LayerShape& second, int tiles_behind,
                         Order order) {
  assert(first.depths.size() == 1 && !second.depths.empty() && second.depths.size() < max_segments);
  constexpr int64_t pair_rows = 2 * tile_rows;
  const auto columns_of = [](const LayerShape& layer) { return (layer.width + layer.columns - 1) / layer.columns; };
  const std::vector<int> pairs = in_order(static_cast<int>((rows + pair_rows - 1) / pair_rows), order);
  const int count = static_cast<int>(pairs.size());
  // The second layer follows the first `lag` pairs later, and the ring is twice that.
  const int tiles = 2 * (columns_of(first) + columns_of(second));
  const int lag = (tiles_behind + tiles - 1) / tiles, ring = std::min(count, 2 * lag);
  ChainedJobs chain;
  chain.ring_rows = ring * pair_rows;
  chain.counters = 2 * count;

  const auto first_row = [&](int i) { return pairs[static_cast<size_t>(i)] * pair_rows; };
  const auto rows_of = [&](int i) { return std::min(pair_rows, rows - first_row(i)); };
  const auto tiles_of = [&](int i, const LayerShape& layer) {
    return static_cast<int>((rows_of(i) + tile_rows - 1) / tile_rows) * columns_of(layer);
  };
  // Calls make(first row outside, in the ring, rows, first column).
  const auto for_pair = [&](int i, const LayerShape& layer, const auto& make) {
    for_tiles(rows_of(i), layer.width, layer.columns, Order::inwards, [&](int row, int tile, int col) {
      make(static_cast<int>(first_row(i)) + row, static_cast<int>(i % ring * pair_rows) + row, tile, col);
    });
  };
  const auto first_layer = [&](int i) {
    for_pair(i, first, [&](int outside, int inside, int tile, int col) {
      TileJob job = job_at(inside, tile, col, 0);
      set_origin(job.a[0], outside, 0, 0);
      set_origin(job.b[0], col, 0, 0);
      job.k[0] = first.depths.front();
      job.done = 2 * i;
      if (i >= ring) job.awaited = 2 * (i - ring) + 1, job.awaited_tiles = tiles_of(i - ring, second);
      chain.jobs.push_back(job);
    });
  };
  const auto second_layer = [&](int i) {
    for_pair(i, second, [&](int outside, int inside, int tile, int col) {
      TileJob job = job_at(outside, tile, col, 0);
      for (size_t s = 0; s < second.depths.size(); ++s) {
        set_origin(job.a[s + 1], s == 0 ? inside : outside, 0, 0);
        set_origin(job.b[s + 1], col, 0, 0);
        job.k[s + 1] = second.depths[s];
      }
      job.statistics_row = outside / tile_rows;
      job.done = 2 * i + 1;
      job.awaited = 2 * i, job.awaited_tiles = tiles_of(i, first);
      chain.jobs.push_back(job);
    });
  };
  for (int i = 0; i < count + lag; ++i) {
    if (i < count) first_layer(i);
    if (i >= lag) second_layer(i - lag);
  }
  return chain;
}

std::vector<TileJob> in_pairs(const std::vector<TileJob>& jobs, Multicast shared) {
  std::map<std::vector<int32_t>, TileJob> waiting;
  std::vector<TileJob> pairs;
  const auto leave_alone = [&] {
    for (const auto& [read, job] : waiting) {
      pairs.push_back(job);
      pairs.push_back(job);
      pairs.back().rows = 0;
    }
    waiting.clear();
  };
  for (size_t i = 0; i < jobs.size(); ++i) {
    const TileJob& job = jobs[i];
    if (i > 0 && job.done != jobs[i - 1].done) leave_alone();
    std::vector<int32_t> reads(std::begin(job.k), std::end(job.k));
    for (int s = 0; s < max_segments; ++s) {
      const auto& origin = shared == Multicast::a ? job.a[s] : job.b[s];
      reads.insert(reads.end(), std::begin(origin), std::end(origin));
    }
    const auto found = waiting.find(reads);
    if (found == waiting.end()) {
      waiting.emplace(std::move(reads), job);
      continue;
    }
    pairs.push_back(found->second);
    pairs.push_back(job);
    waiting.erase(found);
  }
  leave_alone();
  return pairs;
}

}  // namespace hens::engine
