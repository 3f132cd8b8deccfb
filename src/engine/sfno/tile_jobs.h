// Which tiles each phase of a step computes: pure functions of sizes.
//
// Jobs that read the same data stand next to each other, so that the second read hits the cache. `columns` is the
// tile's, of the backend at hand.
#pragma once

#include <vector>

#include "engine/gemm/tile.h"
#include "engine/sfno/sizes.h"
#include "engine/sfno/tables.h"

namespace hens::engine {

// The order of rows in a call. One call goes from the poles to the equator and the next from the equator to the poles:
// what the one has written last, the other reads first, and finds in the cache.
enum class Order { inwards, outwards };
// 0 .. n - 1, alternately from both ends or from the middle.
std::vector<int> in_order(int n, Order order);

// rows x cols of one product, A from row 0 at (x2 = x3 = 0), B likewise. `depths`: products along k, by segment.
std::vector<TileJob> pointwise_jobs(int64_t rows, int cols, int columns, const std::vector<int>& depths, Order order);

// Two layers of products, chained: what the first makes, the second reads. Rows go through in pairs of tiles, and what
// lies between is a ring of such pairs: the first layer's tiles wait until what they overwrite has been read, those of
// the second until theirs is written.
struct ChainedLayer {
  std::vector<int> depths;  // products along k, by segment
  int width = 0;            // columns of its output
  int columns = 0;          // of its tiles
};
struct ChainedJobs {
  std::vector<TileJob> jobs;
  int counters = 0;  // what they count at
  int64_t ring_rows = 0;
};
// Segment 0 is the first layer's: A the rows. Then come those of the second: A of its first the ring, of others the
// rows. `tiles_behind`: how far the second layer stays behind the first. The ring is as small as that allows: the
// smaller, the more of it stays in the cache.
ChainedJobs chained_jobs(int64_t rows, const ChainedLayer& first, const ChainedLayer& second, int tiles_behind,
                         Order order);

// Transforms leave out what ActiveRows leaves out.

// Fourier sums of each northern row and its mirror image, inwards; twin: cosines and sines. A the table, B
// [lat][quad][c0 .. c3][channel]. job.row: position of the order; job.plane: northern row.
std::vector<TileJob> fourier_forward_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active, int columns);

// A the table [m][q][r][northern row], B [sum, difference][northern row][position of m][part channel].
std::vector<TileJob> legendre_forward_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active, int columns);

// A the spectrum [l][part][m][channel], B the weights [l][part][out][in].
std::vector<TileJob> mixing_jobs(const Sizes& sizes, int columns);

// A real matrix on all coefficients with m <= l: A the spectrum as rows [l][m][part].
std::vector<TileJob> spectral_rows_jobs(const Sizes& sizes, int columns);

// A the table [m][q][northern row][r], B the spectrum [parity of l][m][l / 2][part channel].
// job.statistics: position of m times legendre_tiles + tile.
std::vector<TileJob> legendre_inverse_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active, int columns);
int legendre_tiles(const Grid& grid);

// Inwards; twin: even and odd orders, the sums those of cosines and sines. A the table, B
// [lat][position of m][part][channel]. job.row: quad; job.plane: latitude.
std::vector<TileJob> fourier_inverse_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active, int columns);

// The jobs in pairs, 2 i and 2 i + 1, that read the shared operand at the same place and multiply as often; a job
// without its like is followed by one of no rows. In chains both count at the same place, and no pair comes before what
// it awaits.
std::vector<TileJob> in_pairs(const std::vector<TileJob>& jobs, Shared shared);

}  // namespace hens::engine
