#include "engine/sfno/tile_jobs.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <map>
#include <utility>

namespace hens::engine {
namespace {

// Calls make(first row, rows, first column) for the tiles of `rows` x `cols`.
template <typename Make>
void for_tiles(int64_t rows, int cols, int columns, Order order, const Make& make) {
  for (const int tile : in_order(static_cast<int>((rows + tile_rows - 1) / tile_rows), order)) {
    const int64_t row = int64_t{tile} * tile_rows;
    const int count = static_cast<int>(std::min<int64_t>(tile_rows, rows - row));
    for (int col = 0; col < cols; col += columns) make(static_cast<int>(row), count, col);
  }
}

// The same with the columns outside: rows that share B's columns stand together.
template <int kRows = tile_rows, typename Make>
void for_tiles_by_column(int rows, int cols, int columns, const Make& make) {
  for (int col = 0; col < cols; col += columns) {
    for (int row = 0; row < rows; row += kRows) make(row, std::min(kRows, rows - row), col);
  }
}

void set(int32_t (&at)[3], int x1, int x2, int x3) { at[0] = x1, at[1] = x2, at[2] = x3; }

TileJob job_at(int row, int rows, int col, int plane) {
  TileJob job{};
  job.row = row, job.rows = rows, job.col = col, job.plane = plane;
  return job;
}

// Of the first `orders` orders, those of one parity.
int of_parity(int orders, int parity) { return parity == 0 ? (orders + 1) / 2 : orders / 2; }

int degrees_of(const Sizes& sizes, int m, int q) { return std::max(0, (sizes.lmax - m - q + 1) / 2); }

}  // namespace

std::vector<int> in_order(int n, Order order) {
  std::vector<int> all;
  for (int i = 0; i < n; ++i) all.push_back(i % 2 == 0 ? i / 2 : n - 1 - i / 2);
  if (order == Order::outwards) std::reverse(all.begin(), all.end());
  return all;
}

std::vector<TileJob> pointwise_jobs(int64_t rows, int cols, int columns, const std::vector<int>& depths, Order order) {
  std::vector<TileJob> jobs;
  for_tiles(rows, cols, columns, order, [&](int row, int count, int col) {
    TileJob job = job_at(row, count, col, 0);
    for (size_t s = 0; s < depths.size(); ++s) {
      set(job.a[s], row, 0, 0);
      set(job.b[s], col, 0, 0);
      job.k[s] = depths[s];
    }
    job.statistics = row / tile_rows;
    jobs.push_back(job);
  });
  return jobs;
}

ChainedJobs chained_jobs(int64_t rows, const ChainedLayer& first, const ChainedLayer& second, int tiles_behind,
                         Order order) {
  assert(first.depths.size() == 1 && !second.depths.empty() && second.depths.size() < max_segments);
  constexpr int64_t pair_rows = 2 * tile_rows;
  const auto columns_of = [](const ChainedLayer& layer) { return (layer.width + layer.columns - 1) / layer.columns; };
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
  const auto tiles_of = [&](int i, const ChainedLayer& layer) {
    return static_cast<int>((rows_of(i) + tile_rows - 1) / tile_rows) * columns_of(layer);
  };
  // Calls make(first row outside, in the ring, rows, first column).
  const auto for_pair = [&](int i, const ChainedLayer& layer, const auto& make) {
    for_tiles(rows_of(i), layer.width, layer.columns, Order::inwards, [&](int row, int tile, int col) {
      make(static_cast<int>(first_row(i)) + row, static_cast<int>(i % ring * pair_rows) + row, tile, col);
    });
  };
  const auto first_layer = [&](int i) {
    for_pair(i, first, [&](int outside, int inside, int tile, int col) {
      TileJob job = job_at(inside, tile, col, 0);
      set(job.a[0], outside, 0, 0);
      set(job.b[0], col, 0, 0);
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
        set(job.a[s + 1], s == 0 ? inside : outside, 0, 0);
        set(job.b[s + 1], col, 0, 0);
        job.k[s + 1] = second.depths[s];
      }
      job.statistics = outside / tile_rows;
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

std::vector<TileJob> fourier_forward_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active, int columns) {
  std::vector<TileJob> jobs;
  for (int north = 0; north < grid.northern(); ++north) {
    for (const int parity : {0, 1}) {
      for_tiles_by_column<tile_rows / 2>(of_parity(active.orders(north), parity), sizes.width(), columns,
                                         [&](int row, int count, int col) {
                                           TileJob job = job_at(row + parity * sizes.even_orders(), count, col, north);
                                           for (const int part : {0, 1}) {
                                             for (const int side : {0, 1}) {
                                               const int s = 2 * part + side, folded = 2 * parity + part;
                                               set(job.a[s], row, folded, 0);
                                               set(job.b[s], 0, folded, side == 0 ? north : grid.nlat - 1 - north);
                                               job.k[s] = grid.quads();
                                             }
                                           }
                                           jobs.push_back(job);
                                         });
    }
  }
  return jobs;
}

std::vector<TileJob> legendre_forward_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active,
                                           int columns) {
  std::vector<TileJob> jobs;
  for (int m = 0; m < sizes.orders; ++m) {
    for_tiles_by_column(degrees_of(sizes, m, 0), 2 * sizes.width(), columns, [&](int row, int count, int col) {
      TileJob job = job_at(row, count, col, m);
      job.first_k = active.first_row(m);
      for (const int q : {0, 1}) {
        set(job.a[q], row, q, m);
        set(job.b[q], 0, sizes.position(m), q);
        job.k[q] = grid.northern() - job.first_k;
      }
      jobs.push_back(job);
    });
  }
  return jobs;
}

std::vector<TileJob> mixing_jobs(const Sizes& sizes, int columns) {
  std::vector<TileJob> jobs;
  for (int l = sizes.lmax - 1; l >= 0; --l) {  // the longest first
    for_tiles_by_column(std::min(l + 1, sizes.orders), sizes.used_width(), columns, [&](int row, int count, int col) {
      TileJob job = job_at(row, count, col, l);
      set(job.a[0], row, 0, l);
      set(job.b[0], col, 0, l);
      job.k[0] = sizes.used_width();
      jobs.push_back(job);
    });
  }
  return jobs;
}

std::vector<TileJob> spectral_rows_jobs(const Sizes& sizes, int columns) {
  std::vector<TileJob> jobs;
  for (int l = 0; l < sizes.lmax; ++l) {
    const int first = 2 * l * sizes.orders;
    for_tiles(2 * std::min(l + 1, sizes.orders), sizes.used_width(), columns, Order::inwards,
              [&](int row, int count, int col) {
                TileJob job = job_at(first + row, count, col, 0);
                set(job.a[0], first + row, 0, 0);
                set(job.b[0], col, 0, 0);
                job.k[0] = sizes.used_width();
                jobs.push_back(job);
              });
  }
  return jobs;
}

int legendre_tiles(const Grid& grid) { return (grid.northern() + tile_rows - 1) / tile_rows; }

std::vector<TileJob> legendre_inverse_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active,
                                           int columns) {
  std::vector<TileJob> jobs;
  for (int m = 0; m < sizes.orders; ++m) {
    const int first = active.first_row(m);
    for_tiles_by_column(grid.northern() - first, 2 * sizes.width(), columns, [&](int row, int count, int col) {
      TileJob job = job_at(first + row, count, col, sizes.position(m));
      for (const int q : {0, 1}) {
        set(job.a[q], first + row, q, m);
        set(job.b[q], (m + q) / 2, m, (m + q) % 2);
        job.k[q] = std::max(1, degrees_of(sizes, m, q));  // where there is no degree the operands are zero
      }
      job.statistics = sizes.position(m) * legendre_tiles(grid) + row / tile_rows;
      jobs.push_back(job);
    });
  }
  return jobs;
}

std::vector<TileJob> fourier_inverse_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active, int columns) {
  std::vector<TileJob> jobs;
  for (const int lat : in_order(grid.nlat, Order::inwards)) {
    const int orders = active.orders(std::min(lat, grid.nlat - 1 - lat));
    for_tiles_by_column<tile_rows / 2>(grid.quads(), sizes.width(), columns, [&](int row, int count, int col) {
      TileJob job = job_at(row, count, col, lat);
      for (int s = 0; s < 4; ++s) {
        const int parity = s / 2, part = s % 2;
        set(job.a[s], row, s, 0);
        set(job.b[s], parity * sizes.even_orders(), part, lat);
        job.k[s] = of_parity(orders, 0);  // an odd order less: there the table is zero
      }
      jobs.push_back(job);
    });
  }
  return jobs;
}

std::vector<TileJob> in_pairs(const std::vector<TileJob>& jobs, Shared shared) {
  std::map<std::vector<int32_t>, TileJob> waiting;
  std::vector<TileJob> pairs;
  const auto leave_alone = [&] {
    for (const auto& [place, job] : waiting) {
      pairs.push_back(job);
      pairs.push_back(job);
      pairs.back().rows = 0;
    }
    waiting.clear();
  };
  for (size_t i = 0; i < jobs.size(); ++i) {
    const TileJob& job = jobs[i];
    if (i > 0 && job.done != jobs[i - 1].done) leave_alone();
    std::vector<int32_t> place(std::begin(job.k), std::end(job.k));
    for (int s = 0; s < max_segments; ++s) {
      const auto& at = shared == Shared::a ? job.a[s] : job.b[s];
      place.insert(place.end(), std::begin(at), std::end(at));
    }
    const auto found = waiting.find(place);
    if (found == waiting.end()) {
      waiting.emplace(std::move(place), job);
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
