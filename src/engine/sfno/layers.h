// What a block does to channels: the spectral convolution and the MLP, each one call of tiles. The network runs these,
// and so does the gate "operators", which asks whether each operator is as exact as its roundings (operator_errors.h).
#pragma once

#include "engine/device/buffer.h"
#include "engine/gemm/plan.h"
#include "engine/gemm/tile_jobs.h"
#include "engine/sfno/layer_epilogues.cuh"
#include "engine/sfno/sizes.h"
#include "engine/sfno/transform_epilogues.cuh"

namespace hens::engine {

// `rows` rows of `columns` numbers, `stride` apart.
Operand matrix(const void* data, int64_t rows, int64_t columns, int64_t stride);
// The same, as close as they can be.
inline Operand matrix(const void* data, int64_t rows, int64_t columns) { return matrix(data, rows, columns, columns); }

// S -> W S, degree by degree: both spectra [l][m][part][channel], the filter [l][part][out][in].
GemmPlan convolution_plan(const Backend& backend, const Sizes& sizes, const __half* spectrum, const __half* filter);
SpectralConvolution convolution(const Sizes& sizes, __half* to);

// What chains (gemm/epilogue.cuh) go through. One for all chains of a stream: they run one after the other.
struct ChainMemory {
  Buffer ring;      // [row of the ring][channel of the layer between]
  Buffer counters;  // [counter] uint32
};

// Weights [out][in] and biases, padded with zeros to sizes.h's widths.
struct MlpWeights {
  const __half *fc1 = nullptr, *fc2 = nullptr;
  const float *fc1_bias = nullptr, *fc2_bias = nullptr;
};

// Partial sums of an MLP's output, for the norm that follows: [tile][channel][value, square].
inline int mlp_sum_tiles(const Grid& grid) { return static_cast<int>((grid.rows() + tile_rows - 1) / tile_rows); }
inline int64_t mlp_sum_floats(const Sizes& sizes, const Grid& grid) {
  return int64_t{2} * sizes.width() * mlp_sum_tiles(grid);
}

// U -> M2 gelu(M1 U) on a grid, in place: `points` [row][channel] is read unfolded and written folded (quads.h).
// `tiles_behind`: the backend's, or fewer, for a smaller ring. `memory` has room for the jobs.
ChainedJobs mlp_jobs(const Backend& backend, const Sizes& sizes, const Grid& grid, int tiles_behind);
GemmPlan mlp_plan(const Backend& backend, const Sizes& sizes, const Grid& grid, const ChainedJobs& jobs,
                  const __half* points, const MlpWeights& weights, const ChainMemory& memory);
Mlp mlp(const Sizes& sizes, const Grid& grid, const MlpWeights& weights, const ChainMemory& memory, __half* points,
        float* partial);

}  // namespace hens::engine
