// The tiles on Ampere and Ada (and, for comparison, Hopper): eight warps in four rows and two columns, asynchronous
// copies into a ring of three stages, mma.sync.m16n8k16 with fp32 sums. At most 99 KiB of shared memory, what sm_86 and
// sm_89 have. One block a job.
#pragma once

#include "engine/kernels/gemm_inside.h"
#include "engine/kernels/staging.cuh"

namespace hens::engine::ampere {

constexpr int threads = 256;

template <typename Shape>
struct Stage {
  static constexpr int columns = Shape::ampere_columns;
  static constexpr int a_parts = Shape::mode == TileMode::complex ? 2 : 1;
  static constexpr int b_parts = Shape::mode == TileMode::complex || Shape::mode == TileMode::twin ? 2 : 1;
  static constexpr int a_bytes = tile_rows * tile_depth * 2, b_bytes = columns * tile_depth * 2;
  static constexpr int bytes = a_parts * a_bytes + b_parts * b_bytes;
  static constexpr int count = b_parts == 2 ? 2 : 3;
  static constexpr int memory = count * bytes;
};

__device__ __forceinline__ uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

// Where 16 bytes of column group `chunk` of a 128-byte row lie: rows are swizzled, so that eight neighbouring rows of
// one group lie in eight different banks.
__device__ __forceinline__ uint32_t swizzled(int row, int chunk) { return row * 128 + ((chunk ^ (row & 7)) << 4); }

// Copies the 8 numbers at (x0, x1, x2, x3), zeros for those outside.
__device__ __forceinline__ void copy_chunk(uint32_t to, const Operand& from, int64_t x0, int64_t x1, int64_t x2,
                                           int64_t x3) {
  int64_t left = from.size[0] - x0;
  if (left > 8) left = 8;
  if (left < 0 || x1 < 0 || x1 >= from.size[1]) left = 0;
  const __half* at = static_cast<const __half*>(from.data);
  if (left > 0) at += x3 * from.stride[3] + x2 * from.stride[2] + x1 * from.stride[1] + x0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(at), "r"(static_cast<int>(2 * left))
               : "memory");
}

template <typename Shape>
__device__ __forceinline__ void copy_stage(const Operands& from, const TileJob& job, int segment, int k, uint32_t to) {
  using S = Stage<Shape>;
#pragma unroll
  for (int part = 0; part < S::a_parts; ++part, to += S::a_bytes) {
    for (int i = threadIdx.x; i < tile_rows * 8; i += threads) {
      const int row = i / 8, chunk = i % 8;
      if constexpr (Shape::mode == TileMode::twin) {
        const auto& at = job.a[segment + row / 64 * 2];
        copy_chunk(to + swizzled(row, chunk), from.a[segment], k + chunk * 8, at[0] + row % 64, at[1], at[2]);
      } else {
        copy_chunk(to + swizzled(row, chunk), from.a[segment], k + chunk * 8, job.a[segment][0] + row,
                   S::a_parts == 2 ? part : job.a[segment][1], job.a[segment][2]);
      }
    }
  }
#pragma unroll
  for (int part = 0; part < S::b_parts; ++part, to += S::b_bytes) {
    const auto& at = job.b[Shape::mode == TileMode::twin ? segment + 2 * part : segment];
    const int x2 = Shape::mode == TileMode::complex ? part : at[1];
    if constexpr (Shape::n_major) {
      for (int i = threadIdx.x; i < tile_depth * S::columns / 8; i += threads) {
        const int group = i / (tile_depth * 8), row = i / 8 % tile_depth, chunk = i % 8;
        copy_chunk(to + group * tile_depth * 128 + swizzled(row, chunk), from.b[segment],
                   job.col + group * 64 + chunk * 8, at[0] + k + row, x2, at[2]);
      }
    } else {
      for (int i = threadIdx.x; i < S::columns * 8; i += threads) {
        const int row = i / 8, chunk = i % 8;
        copy_chunk(to + swizzled(row, chunk), from.b[segment], k + chunk * 8, at[0] + row, x2, at[2]);
      }
    }
  }
}

__device__ __forceinline__ void load_matrices(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address));
}
__device__ __forceinline__ void load_transposed(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address));
}
__device__ __forceinline__ void mma(float* d, const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Rows r0 .. r0 + 15 of A, columns 16 k .. 16 k + 15.
__device__ __forceinline__ void load_a(uint32_t (&r)[4], uint32_t a, int r0, int k) {
  const int lane = threadIdx.x & 31, row = r0 + (lane & 15);
  load_matrices(r, a + swizzled(row, 2 * k + (lane >> 4)));
}

// Two blocks of 8 columns of B from n0, the same 16 products.
template <typename Shape>
__device__ __forceinline__ void load_b(uint32_t (&r)[4], uint32_t b, int n0, int k) {
  const int lane = threadIdx.x & 31;
  if constexpr (Shape::n_major) {
    const int row = 16 * k + (lane & 7) + ((lane >> 3) & 1) * 8, n = n0 + 8 * (lane >> 4);
    load_transposed(r, b + n / 64 * tile_depth * 128 + swizzled(row, n / 8 % 8));
  } else {
    const int row = min(n0 + (lane & 7) + 8 * (lane >> 4), Stage<Shape>::columns - 1);
    load_matrices(r, b + swizzled(row, 2 * k + ((lane >> 3) & 1)));
  }
}

// One stage's products for a warp's 32 x (columns / 2) sums, d[slice][block][4].
template <typename Shape, int kBlocks>
__device__ __forceinline__ void multiply(float* d, uint32_t a, uint32_t b, int r0, int n0, int left) {
#pragma unroll
  for (int k = 0; k < tile_depth / 16; ++k) {
    if (Shape::mode == TileMode::twin && 16 * k >= left) break;  // the operands go on with other numbers
    uint32_t fa[2][4];
    load_a(fa[0], a, r0, k);
    load_a(fa[1], a, r0 + 16, k);
#pragma unroll
    for (int block = 0; block < kBlocks; block += 2) {
      uint32_t fb[4];
      load_b<Shape>(fb, b, n0 + 8 * block, k);
#pragma unroll
      for (int slice = 0; slice < 2; ++slice) {
        mma(d + (slice * kBlocks + block) * 4, fa[slice], fb[0], fb[1]);
        if (block + 1 < kBlocks) mma(d + (slice * kBlocks + block + 1) * 4, fa[slice], fb[2], fb[3]);
      }
    }
  }
}

template <typename Shape, int kBlocks>
__device__ __forceinline__ void multiply_complex(float* re, float* im, uint32_t a, uint32_t b, int r0, int n0) {
  using S = Stage<Shape>;
#pragma unroll
  for (int k = 0; k < tile_depth / 16; ++k) {
#pragma unroll
    for (int slice = 0; slice < 2; ++slice) {
      uint32_t ar[4], ai[4], minus[4];
      load_a(ar, a, r0 + 16 * slice, k);
      load_a(ai, a + S::a_bytes, r0 + 16 * slice, k);
#pragma unroll
      for (int i = 0; i < 4; ++i) minus[i] = ai[i] ^ 0x80008000u;
#pragma unroll
      for (int block = 0; block < kBlocks; block += 2) {
        uint32_t br[4], bi[4];
        load_b<Shape>(br, b, n0 + 8 * block, k);
        load_b<Shape>(bi, b + S::b_bytes, n0 + 8 * block, k);
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          float* r = re + (slice * kBlocks + block + j) * 4;
          float* i = im + (slice * kBlocks + block + j) * 4;
          mma(r, ar, br[2 * j], br[2 * j + 1]);
          mma(i, ar, bi[2 * j], bi[2 * j + 1]);
          mma(r, minus, bi[2 * j], bi[2 * j + 1]);
          mma(i, ai, br[2 * j], br[2 * j + 1]);
        }
      }
    }
  }
}

template <int pending>
__device__ __forceinline__ void copies_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// The ring of stages over all segments of one job.
template <typename Shape, int kSegments>
class Pipeline {
 public:
  using S = Stage<Shape>;
  __device__ __forceinline__ Pipeline(const Operands& from, const TileJob& job, uint32_t stages)
      : from_(from), job_(job), stages_(stages) {
#pragma unroll
    for (int s = 0; s < S::count - 1; ++s) fetch();
  }
  // The next stage's address, when its copies are there; the one after it is under way.
  __device__ __forceinline__ uint32_t next() {
    copies_wait<S::count - 2>();
    __syncthreads();
    fetch();
    const uint32_t address = stages_ + (used_++ % S::count) * S::bytes;
    return address;
  }

 private:
  __device__ __forceinline__ void fetch() {
    while (segment_ < kSegments && k_ >= job_.k[segment_]) ++segment_, k_ = 0;
    if (segment_ < kSegments) {
      copy_stage<Shape>(from_, job_, segment_, job_.first_k + k_, stages_ + (fetched_++ % S::count) * S::bytes);
      k_ += tile_depth;
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  }
  const Operands& from_;
  const TileJob& job_;
  uint32_t stages_;
  int segment_ = 0, k_ = 0, fetched_ = 0, used_ = 0;
};

// Shared memory of a block: the stages', which take the sums when all is multiplied.
template <typename Shape>
constexpr int memory_of() {
  const int first = Stage<typename LayersOf<Shape>::First>::memory,
            second = Stage<typename LayersOf<Shape>::Second>::memory;
  return first > second ? first : second;
}

template <typename Shape, int kSegments, typename Layer>
__device__ __forceinline__ void tile(const Operands& operands, const TileJob& job, const Layer& layer,
                                     uint8_t* memory) {
  using S = Stage<Shape>;
  constexpr bool two = Shape::mode != TileMode::single;
  constexpr int blocks = S::columns / 16;  // of 8 columns, of one warp
  const int warp = threadIdx.x / 32, r0 = warp / 2 * 32, n0 = warp % 2 * (S::columns / 2);
  float d0[2 * blocks * 4] = {}, d1[two ? 2 * blocks * 4 : 1] = {};
  Pipeline<Shape, kSegments> pipeline(operands, job, shared_address(memory));
#pragma unroll
  for (int s = 0; s < kSegments; ++s) {
    for (int k = 0; k < job.k[s]; k += tile_depth) {
      const uint32_t a = pipeline.next();
      // Warps 0 .. 3 have the first half of the rows.
      const uint32_t b = a + S::a_parts * S::a_bytes + (Shape::mode == TileMode::twin ? warp / 4 * S::b_bytes : 0);
      if constexpr (Shape::mode == TileMode::complex) {
        multiply_complex<Shape, blocks>(d0, d1, a, b, r0, n0);
      } else if constexpr (two) {
        if (s == 0) multiply<Shape, blocks>(d0, a, b, r0, n0, job.k[s] - k);
        if (s == 1) multiply<Shape, blocks>(d1, a, b, r0, n0, job.k[s] - k);
      } else {
        multiply<Shape, blocks>(d0, a, b, r0, n0, job.k[s] - k);
      }
    }
  }
  copies_wait<0>();
  __syncthreads();

  using L = Slot<S::columns, typename Layer::Staged, threads>;
  constexpr int planes = two ? 2 : 1;
  static_assert(planes * L::bytes <= S::memory);
  const int lane = threadIdx.x % 32;
  if constexpr (two) {
    leave<L, 2, blocks>(layer, memory, memory + L::bytes, lane, r0, n0, job.col, d0, d1);
  } else {
    leave<L, 2, blocks>(layer, memory, lane, r0, n0, d0);
  }
  __syncthreads();
  Sums sums;
  if constexpr (takes_four<Layer>) {
    FinisherOfFour<L, Shape::mode == TileMode::twin, Layer>(layer, job, threadIdx.x).finish(memory, sums, tile_rows);
  } else {
#pragma unroll
    for (int plane = 0; plane < planes; ++plane) {
      Finisher<L, Layer>(layer, job, plane, threadIdx.x).finish(memory + plane * L::bytes, sums, tile_rows);
    }
  }
  if constexpr (Layer::statistics) {
    __syncthreads();
    leave_sums<L>(reinterpret_cast<float*>(memory), threadIdx.x, sums);
    __syncthreads();
    finish_sums<L>(layer, job, reinterpret_cast<const float*>(memory), threadIdx.x);
  }
}

template <typename Shape, typename Epilogue>
__global__ __launch_bounds__(threads, 1) void gemm(const __grid_constant__ Operands operands, const TileJob* jobs,
                                                   const __grid_constant__ Epilogue epilogue) {
  extern __shared__ __align__(1024) uint8_t memory[];
  const TileJob job = jobs[blockIdx.x];
  if constexpr (is_chain<Epilogue>) {
    // Blocks begin in the order of their jobs: what is waited for is under way.
    if (threadIdx.x == 0) chain_wait(epilogue.done, job);
    __syncthreads();
  }
  with_layer<Shape>(epilogue, job, [&](const auto& layer, auto shape) {
    tile<decltype(shape), LayersOf<Shape>::segments>(operands, job, layer, memory);
  });
  if constexpr (is_chain<Epilogue>) {
    __syncthreads();
    if (threadIdx.x == 0) chain_count(epilogue.done, job);
  }
}

}  // namespace hens::engine::ampere
