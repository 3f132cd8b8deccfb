// Lists of tiles for products of any kind: in what order, in chains, in pairs. Pure functions of sizes.
//
// Jobs that read the same data stand next to each other, so that the second read hits the cache. `columns` is the
// tile's, of the backend at hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/device/backend.h"
#include "engine/gemm/tile.h"

namespace hens::engine {

// The order of rows in a call. One call goes from both ends to the middle and the next from the middle to the ends:
// what the one has written last, the other reads first, and finds in the cache.
enum class Order { inwards, outwards };
// 0 .. n - 1, alternately from both ends or from the middle.
std::vector<int> in_order(int n, Order order);

// A layer of products: what its tiles go through, and what they make.
struct LayerShape {
  std::vector<int> depths;  // products along k, by segment
  int width = 0;            // columns of its output
  int columns = 0;          // of its tiles
};

// The tiles of `rows` rows, A from row 0 at (x2 = x3 = 0), B likewise.
std::vector<TileJob> pointwise_jobs(int64_t rows, const LayerShape& layer, Order order);

// Two layers of products, chained: what the first makes, the second reads. Rows go through in pairs of tiles, and what
// lies between is a ring of such pairs: the first layer's tiles wait until what they overwrite has been read, those of
// the second until theirs is written.
struct ChainedJobs {
  std::vector<TileJob> jobs;
  int counters = 0;       // that they add to
  int64_t ring_rows = 0;  // of the layer between
};
// Segment 0 is the first layer's: A the rows. Then come those of the second: A of its first the ring, of others the
// rows. `tiles_behind`: how far the second layer stays behind the first. The ring is as small as that allows: the
// smaller, the more of it stays in the cache.
ChainedJobs chained_jobs(int64_t rows, const LayerShape& first, const LayerShape& second, int tiles_behind,
                         Order order);

// The jobs in pairs, 2 i and 2 i + 1, that read the same part of the shared operand and multiply as often; a job
// without its like is followed by one of no rows. In chains both count at one counter, and no pair comes before what it
// awaits.
std::vector<TileJob> in_pairs(const std::vector<TileJob>& jobs, Multicast shared);

// By how many tiles a chain's second layer stays behind its first, so that no tile waits (device/kernels.h).
inline int tiles_behind(const Backend& backend) {
  return backend.kernel_set().tiles_behind * backend.multiprocessors();
}

// ---- for those who make lists of their own ----

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

inline void set_origin(int32_t (&to)[3], int x1, int x2, int x3) { to[0] = x1, to[1] = x2, to[2] = x3; }

inline TileJob job_at(int row, int rows, int col, int batch) {
  TileJob job{};
  job.row = row, job.rows = rows, job.col = col, job.batch = batch;
  return job;
}

}  // namespace hens::engine
