// An MMA warpgroup's products: wgmma on what the pipeline's stages hold, a stage at a time. Only in code for sm_90a.
#pragma once

#include <type_traits>

#include "engine/gemm/hopper_pipeline.cuh"
#include "engine/gemm/hopper_wgmma.cuh"

namespace hens::engine::hopper {

// A matrix descriptor with 128-byte swizzling: `leading` and `stride` in bytes (PTX ISA, matrix descriptor format).
__device__ __forceinline__ uint64_t descriptor(uint32_t address, int leading, int stride) {
  return static_cast<uint64_t>((address & 0x3FFFF) >> 4) | static_cast<uint64_t>(leading >> 4) << 16 |
         static_cast<uint64_t>(stride >> 4) << 32 | uint64_t{1} << 62;
}

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

__device__ __forceinline__ void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int pending>
__device__ __forceinline__ void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
}

// The descriptor of what lies `bytes` further on; shared memory is too small to carry beyond the low word.
__device__ __forceinline__ uint64_t moved(uint64_t descriptor, int bytes) {
  const uint32_t low = static_cast<uint32_t>(descriptor) + static_cast<uint32_t>(bytes >> 4);
  return (descriptor >> 32 << 32) | low;
}

// Products of real matrices of one stage added to d, kProducts times 16. `a`, `b`: descriptors of the stage.
template <typename Shape, int kProducts, int kRegisters>
__device__ __forceinline__ void multiply(float (&d)[kRegisters], uint64_t a, uint64_t b, int accumulate) {
  constexpr int b_step = Shape::n_major ? 16 * copy_columns * 2 : 32;
#pragma unroll
  for (int k = 0; k < kProducts; ++k) {
    wgmma<Shape::n_major, false>(d, moved(a, 32 * k), moved(b, b_step * k), k == 0 ? accumulate : 1);
  }
}

// A warp's fragments of A: its rows of half a stage's depth, in registers, from where two products take them. Wide
// tiles read shared memory as fast as it goes; so they read less of it.
struct FragmentsOfA {
  uint32_t v[tile_depth / 32][4];
  // `from`: this thread's part of the first 16 columns of the half, swizzled; see fragment_offset()
  __device__ __forceinline__ void load(uint32_t from) {
#pragma unroll
    for (int k = 0; k < tile_depth / 32; ++k) {
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(v[k][0]), "=r"(v[k][1]), "=r"(v[k][2]), "=r"(v[k][3])
                   : "r"(from ^ static_cast<uint32_t>(32 * k))
                   : "memory");
    }
  }
};
// Where a thread of an MMA warpgroup finds its part of A in a stage, rows swizzled by 128 bytes; 16 columns further on
// is 32 bytes further, by exclusive or.
__device__ __forceinline__ uint32_t fragment_offset() {
  const uint32_t lane = threadIdx.x % 32, row = threadIdx.x / 32 * 16 + lane % 16;
  return row * 128 + ((lane / 16 ^ row % 8) << 4);
}

// More than 128 columns, in two halves: ptxas wants the sums of one instruction to fit into the registers that a thread
// has at launch. `kParts`: of these halves.
template <int kProducts, int kParts, int kRegisters>
__device__ __forceinline__ void multiply(float (&d)[kRegisters], const FragmentsOfA& a, uint64_t b, int accumulate) {
  constexpr int half = kRegisters / 2;
#pragma unroll
  for (int k = 0; k < kProducts; ++k) {
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      wgmma(reinterpret_cast<float(&)[half]>(d[part * half]), a.v[k],
            moved(b, part * half * 2 * tile_depth * 2 + 32 * k), k == 0 ? accumulate : 1);
    }
  }
}

// One stage's products of complex matrices; the imaginary parts lie `a_part`, `b_part` bytes after the real ones.
template <int kProducts, int kRegisters>
__device__ __forceinline__ void multiply_complex(float (&re)[kRegisters], float (&im)[kRegisters], uint64_t a,
                                                 int a_part, uint64_t b, int b_part, int accumulate) {
#pragma unroll
  for (int k = 0; k < kProducts; ++k) {
    const uint64_t ar = moved(a, 32 * k), ai = moved(a, a_part + 32 * k);
    const uint64_t br = moved(b, 32 * k), bi = moved(b, b_part + 32 * k);
    wgmma<false, false>(re, ar, br, k == 0 ? accumulate : 1);
    wgmma<false, false>(im, ar, bi, k == 0 ? accumulate : 1);
    wgmma<false, true>(re, ai, bi, 1);
    wgmma<false, false>(im, ai, br, 1);
  }
}

template <int n>
using Count = std::integral_constant<int, n>;

// What a warpgroup consumes: the pipeline's stages, one after the other. Products come 16 at a time along k, and no
// more of the last stage are made than the segment has.
template <int kStages>
struct MmaPipeline {
  uint32_t full, empty;  // barriers by stage
  bool idle = false;     // no row of this job is this warpgroup's
  PipelineState<kStages> state{};

  // Multiplies through one segment. `multiply_stage(count, stage, accumulate)` issues count times 16 products.
  template <typename Multiply>
  __device__ __forceinline__ void segment(int depth, bool& started, const Multiply& multiply_stage) {
    if (depth == 0) return;
    if (idle) return skip(depth);
    int previous = -1;
    const auto multiply = [&](auto count) {
      barrier_wait(full + 8 * state.stage, state.phase);
      wgmma_fence();
      multiply_stage(count, state.stage, started ? 1 : 0);
      wgmma_commit();
      started = true;
      if (previous >= 0) {
        wgmma_wait<1>();
        release(previous);
      }
      previous = state.stage;
      state.next();
    };
    for (; depth > tile_depth - 16; depth -= tile_depth) multiply(Count<4>{});
    if (depth > 32) {
      multiply(Count<3>{});
    } else if (depth > 16) {
      multiply(Count<2>{});
    } else if (depth > 0) {
      multiply(Count<1>{});
    }
    wgmma_wait<0>();
    release(previous);
  }

  // The same with A's fragments in registers: `load(a, stage, half)`, then `multiply_half(count, a, stage, half,
  // accumulate)`. One half is loaded while the products of the other are under way.
  template <typename Load, typename Multiply>
  __device__ __forceinline__ void segment_from_registers(int depth, bool& started, const Load& load,
                                                         const Multiply& multiply_half) {
    if (depth == 0) return;
    if (idle) return skip(depth);
    FragmentsOfA a0, a1;
    int previous = -1;
    const auto multiply = [&](auto count, FragmentsOfA& a, int stage, int half) {
      wgmma_fence();
      multiply_half(count, a, stage, half, started ? 1 : 0);
      wgmma_commit();
      started = true;
      wgmma_wait<1>();  // the other half is free
    };
    barrier_wait(full + 8 * state.stage, state.phase);
    load(a0, state.stage, 0);
    while (true) {
      const int stage = state.stage;
      state.next();
      if (depth > 16) {
        multiply(Count<2>{}, a0, stage, 0);
      } else {
        multiply(Count<1>{}, a0, stage, 0);
      }
      if (previous >= 0) release(previous);
      previous = stage;
      if (depth > 32) {
        load(a1, stage, 1);
        if (depth > 48) {
          multiply(Count<2>{}, a1, stage, 1);
        } else {
          multiply(Count<1>{}, a1, stage, 1);
        }
      }
      depth -= tile_depth;
      if (depth <= 0) break;
      barrier_wait(full + 8 * state.stage, state.phase);
      load(a0, state.stage, 0);
    }
    wgmma_wait<0>();
    release(previous);
  }

 private:
  // Passes by the stages of a segment. One warp does it for all, and then they synchronise: nothing else keeps a warp
  // from falling a whole round of the stages behind, where a barrier's parity would mean another phase.
  __device__ __forceinline__ void skip(int depth) {
    for (int k = 0; k < depth; k += tile_depth, state.next()) {
      if (threadIdx.x % 128 >= 32) continue;
      barrier_wait(full + 8 * state.stage, state.phase);
      release(state.stage);
    }
    asm volatile("bar.sync %0, 128;" ::"r"(2 + static_cast<int>(threadIdx.x) / 128) : "memory");
  }
  // Tells the producers of both blocks that this warpgroup has read a stage.
  __device__ __forceinline__ void release(int stage) const {
    if (threadIdx.x % 128 < cluster) barrier_arrive_at(empty + 8 * stage, threadIdx.x % 128);
  }
};

#endif

}  // namespace hens::engine::hopper
