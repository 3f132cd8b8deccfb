// The tiles on Hopper: one warp feeds shared memory by bulk tensor copies, two warpgroups multiply with wgmma and run
// the epilogue, 64 rows each. Persistent: a block takes every gridDim.x-th job, and the copies run ahead into the next
// job while the epilogue of this one writes. Needs sm_90a.
#pragma once

#include "engine/kernels/gemm_inside.h"
#include "engine/kernels/tile_epilogue.cuh"
#include "engine/kernels/wgmma.cuh"

namespace hens::engine::hopper {

constexpr int threads = 384;  // warpgroup 0 copies, 1 and 2 compute

// What one stage of the pipeline holds, in bytes; every part begins on 1024 bytes, as 128-byte swizzling wants.
template <typename Shape>
struct Stage {
  static constexpr int columns = Shape::hopper_columns;
  static constexpr int parts = Shape::mode == TileMode::complex ? 2 : 1;
  static constexpr int a_bytes = tile_rows * tile_depth * 2, b_bytes = columns * tile_depth * 2;
  static constexpr int b_room = (b_bytes + 1023) / 1024 * 1024;
  static constexpr int bytes = parts * (a_bytes + b_room);
  static constexpr int copied = parts * (a_bytes + b_bytes);
};

template <typename Shape, bool statistics>
struct Memory {
  static constexpr int sums = statistics ? 8 * 2 * Shape::hopper_columns * 4 : 0;
  static constexpr int barriers = 256;
  static constexpr int limit = 227 * 1024 - 1024;  // what a block may have, less the alignment
  static constexpr int stages_that_fit = (limit - sums - barriers) / Stage<Shape>::bytes;
  static constexpr int stages = stages_that_fit < 8 ? stages_that_fit : 8;
  static constexpr int bytes = stages * Stage<Shape>::bytes + sums + barriers + 1024;
};

__device__ __forceinline__ uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

__device__ __forceinline__ void barrier_init(uint32_t barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals));
}
__device__ __forceinline__ void barrier_expect(uint32_t barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
__device__ __forceinline__ void barrier_arrive(uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
__device__ __forceinline__ void barrier_wait(uint32_t barrier, uint32_t parity) {
  asm volatile(
      "{\n.reg .pred done;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra again;\n}\n" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

__device__ __forceinline__ void copy_tile(uint32_t to, const CUtensorMap& map, uint32_t barrier, int x0, int x1, int x2,
                                          int x3) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], "
      "[%2];" ::"r"(to),
      "l"(&map), "r"(barrier), "r"(x0), "r"(x1), "r"(x2), "r"(x3)
      : "memory");
}

// A matrix descriptor with 128-byte swizzling: `leading` and `stride` in bytes (PTX ISA, matrix descriptor format).
__device__ __forceinline__ uint64_t descriptor(uint32_t address, int leading, int stride) {
  return static_cast<uint64_t>((address & 0x3FFFF) >> 4) | static_cast<uint64_t>(leading >> 4) << 16 |
         static_cast<uint64_t>(stride >> 4) << 32 | uint64_t{1} << 62;
}

// Stage and phase of a ring of barriers.
template <int kStages>
struct Ring {
  int stage = 0;
  uint32_t phase = 0;
  __device__ __forceinline__ void next() {
    if (++stage == kStages) stage = 0, phase ^= 1;
  }
};

template <typename Shape, typename Layout>
__device__ __forceinline__ void copy_all(const TensorMaps& maps, const TileJob* jobs, int job_count, uint32_t stages,
                                         uint32_t full, uint32_t empty) {
  using S = Stage<Shape>;
  Ring<Layout::stages> ring;
  for (int t = blockIdx.x; t < job_count; t += gridDim.x) {
    const TileJob& job = jobs[t];
#pragma unroll
    for (int s = 0; s < max_segments; ++s) {
      const int depth = job.k[s];
      for (int k = 0; k < depth; k += tile_depth, ring.next()) {
        const uint32_t barrier = full + 8 * ring.stage;
        barrier_wait(empty + 8 * ring.stage, ring.phase ^ 1);
        barrier_expect(barrier, S::copied);
        uint32_t to = stages + ring.stage * S::bytes;
#pragma unroll
        for (int part = 0; part < S::parts; ++part, to += S::a_bytes) {
          const int x2 = S::parts == 2 ? part : job.a[s][1];
          copy_tile(to, maps.a[s], barrier, k, job.a[s][0], x2, job.a[s][2]);
        }
#pragma unroll
        for (int part = 0; part < S::parts; ++part, to += S::b_room) {
          const int x2 = S::parts == 2 ? part : job.b[s][1];
          if constexpr (Shape::n_major) {
#pragma unroll
            for (int n = 0; n < S::columns; n += copy_columns) {
              copy_tile(to + n * tile_depth * 2, maps.b[s], barrier, job.col + n, job.b[s][0] + k, x2, job.b[s][2]);
            }
          } else {
            copy_tile(to, maps.b[s], barrier, k, job.b[s][0], x2, job.b[s][2]);
          }
        }
      }
    }
  }
}

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

__device__ __forceinline__ void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int pending>
__device__ __forceinline__ void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
}

// One stage's products of real matrices added to d.
template <typename Shape, int kRegisters>
__device__ __forceinline__ void multiply(float (&d)[kRegisters], uint32_t a, uint32_t b, int accumulate) {
  constexpr int b_leading = Shape::n_major ? tile_depth * copy_columns * 2 : 0;  // between groups of 64 columns
  constexpr int b_step = Shape::n_major ? 16 * copy_columns * 2 : 32;
#pragma unroll
  for (int k = 0; k < tile_depth / 16; ++k) {
    wgmma<Shape::n_major, false>(d, descriptor(a + 32 * k, 0, 1024), descriptor(b + b_step * k, b_leading, 1024),
                                k == 0 ? accumulate : 1);
  }
}

// One stage's products of complex matrices.
template <int kRegisters>
__device__ __forceinline__ void multiply(float (&re)[kRegisters], float (&im)[kRegisters], uint32_t a_re, uint32_t a_im,
                                         uint32_t b_re, uint32_t b_im, int accumulate) {
#pragma unroll
  for (int k = 0; k < tile_depth / 16; ++k) {
    const uint64_t ar = descriptor(a_re + 32 * k, 0, 1024), ai = descriptor(a_im + 32 * k, 0, 1024);
    const uint64_t br = descriptor(b_re + 32 * k, 0, 1024), bi = descriptor(b_im + 32 * k, 0, 1024);
    wgmma<false, false>(re, ar, br, k == 0 ? accumulate : 1);
    wgmma<false, false>(im, ar, bi, k == 0 ? accumulate : 1);
    wgmma<false, true>(re, ai, bi, 1);
    wgmma<false, false>(im, ai, br, 1);
  }
}

// Multiplies through the stages of one segment. `multiply_stage(address of the stage, accumulate)` issues the products.
template <int kStages, typename Multiply>
__device__ __forceinline__ void multiply_segment(int depth, bool& started, Ring<kStages>& ring, uint32_t full,
                                                 uint32_t empty, const Multiply& multiply_stage) {
  if (depth == 0) return;
  const bool signals = threadIdx.x % 128 == 0;
  int previous = -1;
  for (int k = 0; k < depth; k += tile_depth, ring.next()) {
    barrier_wait(full + 8 * ring.stage, ring.phase);
    wgmma_fence();
    multiply_stage(ring.stage, started ? 1 : 0);
    wgmma_commit();
    started = true;
    if (previous >= 0) {
      wgmma_wait<1>();
      if (signals) barrier_arrive(empty + 8 * previous);
    }
    previous = ring.stage;
  }
  wgmma_wait<0>();
  if (signals) barrier_arrive(empty + 8 * previous);
}

template <typename Shape, typename Layout, typename Epilogue>
__device__ __forceinline__ void compute_all(const TileJob* jobs, int job_count, const Epilogue& epilogue,
                                            uint32_t stages, uint32_t full, uint32_t empty, float* sums) {
  using S = Stage<Shape>;
  constexpr int registers = S::columns / 2, blocks = S::columns / 8;
  constexpr bool two = Shape::mode != TileMode::single;
  const int group = threadIdx.x / 128 - 1, warp = threadIdx.x / 32 - 4;
  const uint32_t a_first = stages + group * 64 * tile_depth * 2;
  const uint32_t b_first = stages + S::parts * S::a_bytes;
  Ring<Layout::stages> ring;
  float d0[registers], d1[two ? registers : 1];
  for (int t = blockIdx.x; t < job_count; t += gridDim.x) {
    const TileJob job = jobs[t];
    if constexpr (Shape::mode == TileMode::complex) {
      bool started = false;
      multiply_segment(job.k[0], started, ring, full, empty, [&](int stage, int accumulate) {
        const uint32_t a = a_first + stage * S::bytes, b = b_first + stage * S::bytes;
        multiply(d0, d1, a, a + S::a_bytes, b, b + S::b_room, accumulate);
      });
    } else if constexpr (Shape::mode == TileMode::dual) {
      bool started = false;
      multiply_segment(job.k[0], started, ring, full, empty, [&](int stage, int accumulate) {
        multiply<Shape>(d0, a_first + stage * S::bytes, b_first + stage * S::bytes, accumulate);
      });
      started = false;
      multiply_segment(job.k[1], started, ring, full, empty, [&](int stage, int accumulate) {
        multiply<Shape>(d1, a_first + stage * S::bytes, b_first + stage * S::bytes, accumulate);
      });
    } else {
      bool started = false;
#pragma unroll
      for (int s = 0; s < max_segments; ++s) {
        multiply_segment(job.k[s], started, ring, full, empty, [&](int stage, int accumulate) {
          multiply<Shape>(d0, a_first + stage * S::bytes, b_first + stage * S::bytes, accumulate);
        });
      }
    }
    float* warp_sums = sums + warp * 2 * S::columns;
    warp_epilogue<1, blocks>(epilogue, job, warp * 16, job.col, d0, two ? d1 : nullptr, warp_sums);
    if constexpr (Epilogue::statistics) {
      asm volatile("bar.sync 1, 256;" ::: "memory");
      for (int i = threadIdx.x - 128; i < 2 * S::columns; i += 256) {
        if (job.col + i / 2 >= epilogue.columns) continue;
        float total = 0;
#pragma unroll
        for (int w = 0; w < 8; ++w) total += sums[w * 2 * S::columns + i];
        epilogue.partial[(static_cast<int64_t>(job.statistics) * epilogue.columns + job.col) * 2 + i] = total;
      }
      asm volatile("bar.sync 1, 256;" ::: "memory");
    }
  }
}

#endif

template <typename Shape, typename Epilogue>
__global__ __launch_bounds__(threads, 1) void gemm(const __grid_constant__ TensorMaps maps, const TileJob* jobs, int job_count,
                                                   const __grid_constant__ Epilogue epilogue) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  using Layout = Memory<Shape, Epilogue::statistics>;
  extern __shared__ uint8_t raw[];
  uint8_t* memory = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(raw) + 1023) & ~uintptr_t{1023});
  const uint32_t stages = shared_address(memory);
  float* sums = reinterpret_cast<float*>(memory + Layout::stages * Stage<Shape>::bytes);
  const uint32_t full = shared_address(memory + Layout::stages * Stage<Shape>::bytes + Layout::sums);
  const uint32_t empty = full + 8 * Layout::stages;
  if (threadIdx.x == 0) {
    for (int s = 0; s < Layout::stages; ++s) {
      barrier_init(full + 8 * s, 1);
      barrier_init(empty + 8 * s, 2);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  }
  __syncthreads();
  if (threadIdx.x < 128) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
    if (threadIdx.x == 0) copy_all<Shape, Layout>(maps, jobs, job_count, stages, full, empty);
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    compute_all<Shape, Layout>(jobs, job_count, epilogue, stages, full, empty, sums);
  }
#endif
}

}  // namespace hens::engine::hopper
