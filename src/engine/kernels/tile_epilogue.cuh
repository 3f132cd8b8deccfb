// From a warp's sums to calls of the epilogue, and from those to one row of partial sums a tile.
//
// The layout of sums is the one that mma.m16n8 and wgmma share: in each block of 8 columns a thread holds columns
// 2 (lane % 4) and the next, of rows lane / 4 and lane / 4 + 8.
#pragma once

#include "engine/kernels/epilogues.cuh"

namespace hens::engine {

// Sums over the 16 rows of a warp's slice, all threads with the same columns; the result is in lanes 0 .. 3.
__device__ __forceinline__ float2 over_rows(float2 v) {
#pragma unroll
  for (int distance = 4; distance <= 16; distance *= 2) {
    v.x += __shfl_xor_sync(0xffffffffu, v.x, distance);
    v.y += __shfl_xor_sync(0xffffffffu, v.y, distance);
  }
  return v;
}

// A warp's slice: `kSlices` times 16 rows from `first_row` of the tile, blocks of 8 columns from `first_col` of the
// output. `sums_at` is shared memory [column of the slice][value, square] for this warp, where the epilogue has statistics.
template <int kSlices, int kBlocks, typename Epilogue>
__device__ __forceinline__ void warp_epilogue(const Epilogue& epilogue, const TileJob& job, int first_row, int first_col,
                                              const float* d0, const float* d1, float* sums_at) {
  const int lane = threadIdx.x & 31, end = min(epilogue.columns, first_col + kBlocks * 8);
#pragma unroll
  for (int group = 0; group < kBlocks; group += column_blocks) {
    Sums sums{};
#pragma unroll
    for (int slice = 0; slice < kSlices; ++slice) {
#pragma unroll
      for (int upper = 0; upper < 2; ++upper) {
        float2 v0[column_blocks], v1[column_blocks];
#pragma unroll
        for (int i = 0; i < column_blocks; ++i) {
          const int at = ((slice * kBlocks + group + i) * 2 + upper) * 2;
          const bool there = group + i < kBlocks;
          v0[i] = there ? make_float2(d0[at], d0[at + 1]) : make_float2(0, 0);
          v1[i] = there && d1 != nullptr ? make_float2(d1[at], d1[at + 1]) : make_float2(0, 0);
        }
        const int row = first_row + slice * 16 + upper * 8 + lane / 4;
        epilogue(job, row, first_col + group * 8 + 2 * (lane % 4), end, v0, v1, sums);
      }
    }
    if constexpr (Epilogue::statistics) {
#pragma unroll
      for (int i = 0; i < column_blocks; ++i) {
        if (group + i >= kBlocks) continue;
        const float2 value = over_rows(sums.value[i]), square = over_rows(sums.square[i]);
        if (lane < 4) {
          const int column = (group + i) * 8 + 2 * lane;
          *reinterpret_cast<float4*>(sums_at + 2 * column) = make_float4(value.x, square.x, value.y, square.y);
        }
      }
    }
  }
}

}  // namespace hens::engine
