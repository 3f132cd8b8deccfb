// What a block does to channels: the spectral convolution and the MLP, each one call of tiles. The network runs these,
// and so does gate A (operator_errors.h).
#pragma once

#include "engine/gemm/plan.h"
#include "engine/sfno/fields.h"
#include "engine/sfno/sizes.h"
#include "engine/sfno/tile_jobs.h"

namespace hens::engine {

// `rows` rows of `columns` numbers, `stride` apart.
Operand matrix(const void* data, int64_t rows, int64_t columns, int64_t stride);

// S -> W S, degree by degree: `spectrum` and what launch() writes [l][m][part][channel], the filter [l][part][out][in].
class ConvolutionLayer {
 public:
  ConvolutionLayer(const Backend& backend, const Sizes& sizes, const __half* spectrum, const __half* filter);
  void launch(__half* to) const;
  double flop() const { return plan_.flop(); }

 private:
  int width_;
  int64_t order_row_;  // elements of one degree's row
  GemmPlan plan_;
};

// What chains (kernels/epilogues.cuh) go through: rows of the layer between, and how many tiles are done. One for all
// chains of a stream: they run one after the other.
struct ChainMemory {
  Buffer ring, done;
};

// Weights [out][in] and biases, padded with zeros to sizes.h's widths.
struct MlpWeights {
  const __half *fc1, *fc2;
  const float *fc1_bias, *fc2_bias;
};

// The tiles of an MLP on a grid. `tiles_behind`: the backend's, or fewer, for a smaller ring.
ChainedJobs mlp_jobs(const Backend& backend, const Sizes& sizes, const Grid& grid, int tiles_behind);

// U -> M2 gelu(M1 U), in place: `points` [row][channel] is read unfolded and written folded (quads.h). `partial`
// [tile][channel][value, square] takes the sums for the norm that follows.
class MlpLayer {
 public:
  // `memory` has room for `jobs` and outlives the layer.
  MlpLayer(const Backend& backend, const Sizes& sizes, const Grid& grid, const ChainedJobs& jobs,
           const MlpWeights& weights, __half* points, const ChainMemory& memory, float* partial);
  void launch() const;
  double flop() const { return plan_.flop(); }

  static int partial_tiles(const Grid& grid) { return static_cast<int>((grid.rows() + tile_rows - 1) / tile_rows); }
  static int64_t partial_floats(const Sizes& sizes, const Grid& grid) {
    return int64_t{2} * sizes.width() * partial_tiles(grid);
  }

 private:
  const Backend& backend_;
  const ChainMemory& memory_;
  Mlp epilogue_;
  GemmPlan plan_;
};

}  // namespace hens::engine
