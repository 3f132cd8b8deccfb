// Which tiles each phase of a step computes: pure functions of sizes. Transforms leave out what ActiveRows leaves out.
// `columns` is the tile's, of the backend at hand.
#pragma once

#include <vector>

#include "engine/gemm/tile_jobs.h"
#include "engine/sfno/sizes.h"
#include "engine/sfno/tables.h"

namespace hens::engine {

// Fourier sums of each northern row and its mirror image, inwards; stacked: cosines and sines. A the table, B
// [lat][quad][c0 .. c3][channel]. job.row: position of the order; job.batch: northern row.
std::vector<TileJob> fourier_analysis_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active, int columns);

// A the table [m][q][r][northern row], B [sum, difference][northern row][position of m][part channel].
std::vector<TileJob> legendre_analysis_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active,
                                            int columns);

// A the spectrum [l][part][m][channel], B the weights [l][part][out][in].
std::vector<TileJob> convolution_jobs(const Sizes& sizes, int columns);

// A real matrix on all coefficients with m <= l: A the spectrum as rows [l][m][part].
std::vector<TileJob> spectral_rows_jobs(const Sizes& sizes, int columns);

// A the table [m][q][northern row][r], B the spectrum [parity of l][m][l / 2][part channel].
// job.statistics_row: position of m times legendre_tiles + tile.
std::vector<TileJob> legendre_synthesis_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active,
                                             int columns);
int legendre_tiles(const Grid& grid);

// Inwards; stacked: even and odd orders, the sums those of cosines and sines. A the table, B
// [lat][position of m][part][channel]. job.row: quad; job.batch: latitude.
std::vector<TileJob> fourier_synthesis_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active,
                                            int columns);

}  // namespace hens::engine
