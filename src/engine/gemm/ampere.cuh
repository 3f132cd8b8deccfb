// The tiles on Ampere and Ada (and, for comparison, Hopper): four warps, in two rows of 64 and two columns,
// asynchronous copies into a pipeline of stages, mma.sync.m16n8k16 with fp32 sums.
//
// Two blocks share a multiprocessor, so that one multiplies while the other is in a tile's epilogue: each has half the
// registers and half the shared memory. Persistent: a block takes every gridDim.x-th job, and where its memory has room
// beside the slots, the next tile's first stages are loaded during this one's epilogue. Warps are not specialised: all
// load, multiply and finish.
#pragma once

#include <type_traits>

#include <cuda_runtime.h>

#include "engine/gemm/plan_impl.h"
#include "engine/gemm/slots.cuh"

namespace hens::engine::ampere {

constexpr int threads = 128, blocks_together = 2;
constexpr int warp_rows = 64, row_blocks = warp_rows / 16;

// A warp's part of a tile: its columns, in blocks of 8, and a thread's registers of one accumulator.
template <typename Shape>
struct WarpTile {
  static constexpr bool two_accumulators = Shape::mode != TileMode::single;
  static constexpr int columns = Shape::narrow_columns / 2, blocks = columns / 8, registers = row_blocks * blocks * 4;
};

// KiB of shared memory for a block's stages, by the architecture that code is made for: half of what a multiprocessor
// has (sm_80: 164, sm_86 and sm_89: 100, sm_90: 228), less the jobs and what CUDA keeps.
constexpr int shared_kib(int architecture) {
#ifdef HENS_AMPERE_KIB  // to measure on one card what another would take
  return HENS_AMPERE_KIB;
#else
  return architecture == 80 ? 80 : architecture == 90 ? 96 : 48;
#endif
}

// One stage: kDepth products along k.
template <typename Shape, int kDepth>
struct Stage {
  static constexpr int columns = Shape::narrow_columns, depth = kDepth;
  // Parts that are copied alike: real and imaginary, or the two halves of a stacked tile.
  static constexpr int parts = Shape::mode == TileMode::complex || Shape::mode == TileMode::stacked ? 2 : 1;
  static constexpr int a_rows = Shape::mode == TileMode::stacked ? tile_rows / 2 : tile_rows;  // of a part
  static constexpr int row_bytes = 2 * depth;                                                  // of a k-major operand
  static constexpr int a_bytes = a_rows * row_bytes, b_bytes = columns * row_bytes;            // of a part
  static constexpr int bytes = parts * (a_bytes + b_bytes);
};

// The pipeline that fits into kKib KiB. Rows of 128 bytes come faster than those of 64; but two stages at least there
// must be, and those of complex tiles are large.
template <typename Shape, int kKib>
struct Pipeline {
  using S = Stage<Shape, (kKib < 64 || Shape::mode == TileMode::complex) ? 32 : 64>;
  static constexpr int stages = kKib * 1024 / S::bytes;
  static constexpr int bytes = stages * S::bytes;
  static_assert(stages >= 2);
};

__device__ __forceinline__ uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

// Where 16 bytes of column group `chunk` lie in rows of kBytes: swizzled, so that eight neighbouring rows of one group
// lie in eight different banks.
template <int kBytes>
__device__ __forceinline__ uint32_t swizzled(int row, int chunk) {
  static_assert(kBytes == 64 || kBytes == 128);
  return row * kBytes + ((chunk ^ (kBytes == 128 ? row & 7 : row >> 1 & 3)) << 4);
}

// Zeros where not `inside`.
__device__ __forceinline__ void copy_chunk(uint32_t to, const char* from, bool inside) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(inside ? 16 : 0)
               : "memory");
}
__device__ __forceinline__ void copies_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int pending>
__device__ __forceinline__ void copies_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// Loads a thread's share of one operand's stages: chunks of 16 bytes, at every step-th row.
template <typename Stage, bool kNMajor, int kRows>
class OperandLoader {
  // k-major: kRows rows of a stage's depth; n-major: as many rows as it is deep, of kRows numbers, in groups of
  // copy_columns.
  static constexpr int row_bytes = kNMajor ? 2 * copy_columns : Stage::row_bytes;
  static constexpr int chunks_of_row = row_bytes / 16, step = threads / chunks_of_row;
  static constexpr int rows = kNMajor ? Stage::depth : kRows;
  static constexpr int groups = kNMajor ? kRows / copy_columns : 1;
  static constexpr int part_bytes = groups * rows * row_bytes, parts = Stage::parts;
  static_assert(rows % step == 0);

 public:
  // From (x0, x1[part], x2[part], x3[part]) on.
  __device__ __forceinline__ void begin(const Operand& from, int x0, const int (&x1)[parts], const int (&x2)[parts],
                                        const int (&x3)[parts]) {
    x0 += 8 * chunk();
    const int64_t stride = 2 * from.stride[1];
    row_step_ = static_cast<uint32_t>(step * stride);
    left_ = static_cast<int>(from.size[0]) - x0;
#pragma unroll
    for (int part = 0; part < parts; ++part) {
      at_[part] = static_cast<const char*>(from.data) +
                  2 * (x3[part] * from.stride[3] + x2[part] * from.stride[2] + x0) + (x1[part] + row()) * stride;
      rows_left_[part] = static_cast<int>(from.size[1]) - (x1[part] + row());
    }
  }

  // Copies one stage's share and goes on to the next.
  __device__ __forceinline__ void copy(uint32_t to) {
    to += swizzled<row_bytes>(row(), chunk());
#pragma unroll
    for (int part = 0; part < parts; ++part) {
#pragma unroll
      for (int group = 0; group < groups; ++group) {
        const char* from = at_[part] + group * row_bytes;
        const int rows_left = left_ > group * copy_columns ? rows_left_[part] : 0;
#pragma unroll
        for (int i = 0; i < rows / step; ++i, from += row_step_) {
          copy_chunk(to + part * part_bytes + (group * rows + i * step) * row_bytes, from, rows_left > i * step);
        }
      }
      if constexpr (kNMajor) {
        at_[part] += static_cast<uint32_t>(rows / step) * row_step_;
        rows_left_[part] -= rows;
      } else {
        at_[part] += row_bytes;
      }
    }
    if constexpr (!kNMajor) left_ -= Stage::depth;
  }

 private:
  __device__ __forceinline__ static int row() { return static_cast<int>(threadIdx.x) / chunks_of_row; }
  __device__ __forceinline__ static int chunk() { return static_cast<int>(threadIdx.x) % chunks_of_row; }
  const char* at_[parts];
  uint32_t row_step_;
  int left_, rows_left_[parts];
};

// The producer's part of every thread: fills stages with one job's operands after the other's, over all of its
// segments.
template <typename Shape, typename Pipeline, int kSegments>
class Producer {
  using S = typename Pipeline::S;

 public:
  __device__ __forceinline__ Producer(const Operands& from, uint32_t stages) : from_(from), stages_(stages) {}

  __device__ __forceinline__ void begin(const TileJob& job) {
    job_ = &job;
    segment_ = -1, left_ = 0, stage_ = 0;
  }
  // The next stage, if there is one, in two halves; the second ends a group of copies in any case.
  __device__ __forceinline__ void first_half() {
    while (left_ <= 0 && segment_ + 1 < kSegments) open(++segment_);
    if (left_ > 0) a_.copy(stages_ + stage_ * S::bytes);
  }
  __device__ __forceinline__ void second_half() {
    if (left_ > 0) {
      b_.copy(stages_ + stage_ * S::bytes + S::parts * S::a_bytes);
      left_ -= S::depth;
      if (++stage_ == Pipeline::stages) stage_ = 0;
    }
    copies_commit();
  }
  __device__ __forceinline__ void next() {
    first_half();
    second_half();
  }

 private:
  __device__ __forceinline__ void open(int s) {
    left_ = job_->k[s];
    if (left_ == 0) return;
    const int first = job_->first_k;
    const auto &a = job_->a, &b = job_->b;
    if constexpr (Shape::mode == TileMode::complex) {
      a_.begin(from_.a[s], first, {a[s][0], a[s][0]}, {0, 1}, {a[s][2], a[s][2]});
      b_.begin(from_.b[s], first, {b[s][0], b[s][0]}, {0, 1}, {b[s][2], b[s][2]});
    } else if constexpr (Shape::mode == TileMode::stacked) {
      static_assert(Shape::n_major);
      a_.begin(from_.a[s], first, {a[s][0], a[s + 2][0]}, {a[s][1], a[s + 2][1]}, {a[s][2], a[s + 2][2]});
      b_.begin(from_.b[s], job_->col, {b[s][0] + first, b[s + 2][0] + first}, {b[s][1], b[s + 2][1]},
               {b[s][2], b[s + 2][2]});
    } else {
      a_.begin(from_.a[s], first, {a[s][0]}, {a[s][1]}, {a[s][2]});
      if constexpr (Shape::n_major) {
        b_.begin(from_.b[s], job_->col, {b[s][0] + first}, {b[s][1]}, {b[s][2]});
      } else {
        b_.begin(from_.b[s], first, {b[s][0]}, {b[s][1]}, {b[s][2]});
      }
    }
  }

  const Operands& from_;
  const TileJob* job_ = nullptr;
  uint32_t stages_;
  int segment_ = 0, left_ = 0, stage_ = 0;
  OperandLoader<S, false, S::a_rows> a_;
  OperandLoader<S, Shape::n_major, S::columns> b_;
};

__device__ __forceinline__ void load_matrices(uint32_t* r, uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
__device__ __forceinline__ void load_transposed(uint32_t* r, uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
__device__ __forceinline__ void mma(float* d, const uint32_t* a, uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// A warp's operands of 16 products, in registers. `S`: the pipeline's stage.
template <typename Shape, typename S>
struct Fragments {
  static constexpr int blocks = WarpTile<Shape>::blocks, b_loads = (blocks + 1) / 2;
  uint32_t a[row_blocks][4], b[b_loads][4];  // b: of two blocks of 8 columns each

  // `from_a`, `from_b`: this thread's addresses in a stage (FragmentAddresses); k: which 16 of its depth
  __device__ __forceinline__ void load(uint32_t from_a, uint32_t from_b, int k) {
#pragma unroll
    for (int i = 0; i < row_blocks; ++i) load_matrices(a[i], (from_a ^ (32 * k)) + i * 16 * S::row_bytes);
#pragma unroll
    for (int i = 0; i < b_loads; ++i) {
      if constexpr (Shape::n_major) {
        load_transposed(b[i], (from_b ^ (32 * i)) + k * 16 * 2 * copy_columns);
      } else {
        load_matrices(b[i], (from_b ^ (32 * k)) + i * 16 * S::row_bytes);
      }
    }
  }
  __device__ __forceinline__ void multiply(float* d) const {
#pragma unroll
    for (int block = 0; block < blocks; ++block) {
#pragma unroll
      for (int i = 0; i < row_blocks; ++i) {
        const int row = block % 2 == 0 ? i : row_blocks - 1 - i;  // to and fro: what has just been used is used again
        mma(d + (row * blocks + block) * 4, a[row], b[block / 2][block % 2 * 2], b[block / 2][block % 2 * 2 + 1]);
      }
    }
  }
  __device__ __forceinline__ void swap_b(Fragments& other) {
#pragma unroll
    for (int i = 0; i < b_loads; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const uint32_t held = b[i][j];
        b[i][j] = other.b[i][j], other.b[i][j] = held;
      }
    }
  }
  __device__ __forceinline__ void negate_b() {
#pragma unroll
    for (int i = 0; i < b_loads; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) b[i][j] ^= 0x80008000u;
    }
  }
};

// Where a thread's rows of a warp's operands begin in a stage.
template <typename Shape, typename S>
struct FragmentAddresses {
  uint32_t a, b;
  // `r0`, `n0`: the warp's first row and column of the tile
  __device__ __forceinline__ FragmentAddresses(int r0, int n0) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    a = swizzled<S::row_bytes>(r0 + lane % 16, lane / 16);
    if constexpr (Shape::n_major) {
      b = swizzled<2 * copy_columns>(lane % 16, n0 / 8 % 8 + lane / 16) +
          n0 / copy_columns * S::depth * 2 * copy_columns;
    } else {
      // An odd block at the end comes with its neighbour beyond, which is not multiplied.
      b = swizzled<S::row_bytes>(n0 + lane % 8 + lane / 16 * 8, lane / 8 % 2);
    }
    b += S::parts * S::a_bytes;
    if (Shape::mode == TileMode::stacked && r0 >= tile_rows / 2) b += S::b_bytes;
  }
};

// A warp's products of one job, stage by stage. `Pipeline` may be laid out for more columns than `Shape` has.
template <typename Shape, typename Pipeline, typename Producer>
class WarpMma {
  using S = typename Pipeline::S;
  static_assert(Shape::narrow_columns <= S::columns);
  // Whether warps without rows rest: where tiles are often short.
  static constexpr bool rests = Shape::mode == TileMode::complex || Shape::mode == TileMode::dual;

 public:
  // `stages`: their address; `busy`: the warp has rows; `stage_count`: of all segments.
  __device__ __forceinline__ WarpMma(uint32_t stages, int r0, int n0, bool busy, int stage_count, Producer& producer)
      : stages_(stages), left_(stage_count), busy_(!rests || busy), addresses_(r0, n0), producer_(producer) {
    copies_wait<Pipeline::stages - 2>();
    __syncthreads();
    if (Shape::mode != TileMode::complex && busy_) load(0, stages_, 0);
  }

  // Products of a segment, 16 at a time along k, added to d. The fragments of the first 16 of each stage are there when
  // it is reached, and the next are loaded while some are multiplied.
  __device__ __forceinline__ void segment(float* d, int depth) {
    constexpr int steps = S::depth / 16;
#pragma unroll 1
    for (; depth > 0; depth -= S::depth) {
      const uint32_t stage = stages_ + stage_ * S::bytes;
#pragma unroll
      for (int k = 0; k < steps; ++k) {
        if (k + 1 < steps) {
          if (busy_ && 16 * (k + 1) < depth) load((k + 1) % 2, stage, k + 1);
        } else if (--left_ > 0) {
          go_on();
          if (busy_) load(0, stages_ + stage_ * S::bytes, 0);
        }
        if (k == 0) producer_.first_half();
        if (k == steps / 2 - 1) producer_.second_half();
        // Past its depth a segment's operands go on with other numbers, or zeros.
        if (busy_ && (k == 0 || 16 * k < depth)) fragments_[k % 2].multiply(d);
      }
    }
  }

  // D0 + i D1, one segment. Both parts' operands fill the registers: none are loaded ahead.
  __device__ __forceinline__ void complex_segment(float* re, float* im) {
    auto &real = fragments_[0], &imaginary = fragments_[1];
#pragma unroll 1
    while (left_ > 0) {
      const uint32_t stage = stages_ + stage_ * S::bytes;
      producer_.next();
      if (busy_) {
#pragma unroll
        for (int k = 0; k < S::depth / 16; ++k) {
          load(0, stage, k);
          imaginary.load(addresses_.a + stage + S::a_bytes, addresses_.b + stage + S::b_bytes, k);
          real.multiply(re);
          real.swap_b(imaginary);
          real.multiply(im);
          imaginary.multiply(im);
          real.negate_b();
          real.swap_b(imaginary);
          imaginary.multiply(re);
        }
      }
      if (--left_ > 0) go_on();
    }
  }

 private:
  __device__ __forceinline__ void load(int which, uint32_t stage, int k) {
    fragments_[which].load(addresses_.a + stage, addresses_.b + stage, k);
  }
  // Waits until the next stage is there and all warps have read this one.
  __device__ __forceinline__ void go_on() {
    copies_wait<Pipeline::stages - 2>();
    __syncthreads();
    if (++stage_ == Pipeline::stages) stage_ = 0;
  }

  uint32_t stages_;
  int left_, stage_ = 0;
  bool busy_;
  FragmentAddresses<Shape, S> addresses_;
  Producer& producer_;
  Fragments<Shape, S> fragments_[2];
};

// A warp's first row and column in a tile. Where tiles have few rows, some warps rest; of the two blocks of a
// multiprocessor not the same.
template <typename Shape>
struct WarpOrigin {
  int row, col;
  __device__ __forceinline__ WarpOrigin() {
    const int warp = threadIdx.x / 32, upper = blockIdx.x >= gridDim.x / 2 ? 1 : 0;
    row = (warp / 2 ^ upper) * warp_rows, col = warp % 2 * WarpTile<Shape>::columns;
  }
};

// The slots through which the tiles of one layer go to the epilogue.
template <typename Shape, typename Layer>
struct SlotLayout {
  using L = Slot<Shape::narrow_columns, typename Layer::Element, threads>;
  static constexpr int planes = WarpTile<Shape>::two_accumulators ? 2 : 1, bytes = planes * L::bytes;
};

// One tile's accumulators to the slots, and its epilogue.
template <typename Shape, typename Layer>
__device__ __forceinline__ void epilogue_tile(const TileJob& job, const Layer& layer, uint8_t* slots, const float* d0,
                                              const float* d1) {
  using L = typename SlotLayout<Shape, Layer>::L;
  using W = WarpTile<Shape>;
  const WarpOrigin<Shape> origin;
  const int lane = threadIdx.x % 32;
  if constexpr (W::two_accumulators) {
    store_accumulators<L, row_blocks, W::blocks>(layer, slots, slots + L::bytes, lane, origin.row, origin.col, job.col,
                                                 d0, d1);
  } else {
    store_accumulators<L, row_blocks, W::blocks>(layer, slots, lane, origin.row, origin.col, d0);
  }
  __syncthreads();
  Statistics statistics;
  if constexpr (takes_four_rows<Layer>) {
    FourRowEpilogue<L, Shape::mode == TileMode::stacked, Layer>(layer, job, threadIdx.x)
        .finish(slots, statistics, tile_rows);
  } else {
#pragma unroll
    for (int plane = 0; plane < SlotLayout<Shape, Layer>::planes; ++plane) {
      RowEpilogue<L, Layer>(layer, job, plane, threadIdx.x).finish(slots + plane * L::bytes, statistics, tile_rows);
    }
  }
  if constexpr (Layer::statistics) {
    __syncthreads();
    store_statistics<L>(reinterpret_cast<float*>(slots), threadIdx.x, statistics);
    __syncthreads();
    reduce_statistics<L>(layer, job, reinterpret_cast<const float*>(slots), threadIdx.x);
  }
}

// All products of one job; the stages are free then.
template <typename Shape, typename Pipeline, int kSegments, typename Producer>
__device__ __forceinline__ void mma_tile(float* d0, float* d1, const TileJob& job, uint8_t* memory,
                                         Producer& producer) {
  constexpr int depth = Pipeline::S::depth;
  const WarpOrigin<Shape> origin;
  int stage_count = 0;
#pragma unroll
  for (int s = 0; s < kSegments; ++s) stage_count += (job.k[s] + depth - 1) / depth;
  WarpMma<Shape, Pipeline, Producer> mma(shared_address(memory), origin.row, origin.col, origin.row < job.rows,
                                         stage_count, producer);
  if constexpr (Shape::mode == TileMode::complex) {
    mma.complex_segment(d0, d1);
  } else if constexpr (WarpTile<Shape>::two_accumulators) {
    mma.segment(d0, job.k[0]);
    mma.segment(d1, job.k[1]);
  } else {
#pragma unroll 1
    for (int s = 0; s < kSegments; ++s) mma.segment(d0, job.k[s]);
  }
  __syncthreads();
}

// Whether a chain's job need not wait.
__device__ __forceinline__ bool chain_ready(const uint32_t* done, const TileJob& job) {
  if (job.awaited_tiles == 0) return true;
  uint32_t tiles;
  asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(tiles) : "l"(done + job.awaited) : "memory");
  return tiles >= static_cast<uint32_t>(job.awaited_tiles);
}

__device__ __forceinline__ void load_job(TileJob& to, const TileJob& from) {
  constexpr int words = sizeof(TileJob) / 4;
  if (threadIdx.x < words) reinterpret_cast<int*>(&to)[threadIdx.x] = reinterpret_cast<const int*>(&from)[threadIdx.x];
}

// All jobs of a block. One long function: the accumulators are its registers, and so is what is under way for the next
// job while one is finished.
template <typename Shape, typename E, int kKib>
__device__ __forceinline__ void all_tiles(const Operands& operands, const TileJob* jobs, int job_count,
                                          const E& epilogue, uint8_t* memory) {
  constexpr int segments = LayersOf<Shape>::segments;
  constexpr bool chain = is_chain<E>;
  using First = typename LayersOf<Shape>::First;
  using Second = typename LayersOf<Shape>::Second;
  using P = Pipeline<First, kKib>;
  __shared__ TileJob loaded[2];  // the job at hand, and the next
  __shared__ bool ready;
  int index = static_cast<int>(blockIdx.x);
  load_job(loaded[0], jobs[index]);
  __syncthreads();
  if constexpr (chain) {
    if (threadIdx.x == 0) chain_wait(epilogue.done, loaded[0]);
    __syncthreads();
  }
  Producer<First, P, segments> producer(operands, shared_address(memory));
  producer.begin(loaded[0]);
  int filled = 0;  // stages of the job at hand whose copies are under way
  for (int i = 0;; i ^= 1) {
    for (; filled < P::stages - 1; ++filled) producer.next();
    const TileJob& job = loaded[i];
    TileJob& next = loaded[i ^ 1];
    index += static_cast<int>(gridDim.x);
    const bool more = index < job_count;
    if (more) load_job(next, jobs[index]);
    if constexpr (chain) {
      if (more && threadIdx.x == 0) ready = chain_ready(epilogue.done, jobs[index]);
    }
    bool begun = false;
    filled = 0;
    // Fills the stages before the slots with the next tile, and returns where the slots begin.
    const auto load_ahead = [&](auto slot_bytes) {
      constexpr int fit = (P::bytes - decltype(slot_bytes)::value) / P::S::bytes;
      constexpr int most = fit < P::stages - 1 ? fit : P::stages - 1;
      static_assert(P::bytes >= decltype(slot_bytes)::value);
      begun = more && (!chain || ready);
      if (begun) {
        producer.begin(next);
        for (; filled < most; ++filled) producer.next();
      }
      return memory + most * P::S::bytes;
    };
    if constexpr (std::is_same_v<First, Second>) {
      using W = WarpTile<First>;
      float d0[W::registers] = {}, d1[W::two_accumulators ? W::registers : 1] = {};
      mma_tile<First, P, segments>(d0, d1, job, memory, producer);
      with_layer<Shape>(epilogue, job, [&](const auto& layer, auto) {
        using L = SlotLayout<First, std::decay_t<decltype(layer)>>;
        epilogue_tile<First>(job, layer, load_ahead(std::integral_constant<int, L::bytes>{}), d0, d1);
      });
    } else {
      with_layer<Shape>(epilogue, job, [&](const auto& layer, auto shape) {
        using S = decltype(shape);
        using L = SlotLayout<S, std::decay_t<decltype(layer)>>;
        float d0[WarpTile<S>::registers] = {};
        mma_tile<S, P, segments>(d0, nullptr, job, memory, producer);
        epilogue_tile<S>(job, layer, load_ahead(std::integral_constant<int, L::bytes>{}), d0, nullptr);
      });
    }
    const int done = job.done;
    __syncthreads();
    if constexpr (chain) {
      if (threadIdx.x == 0) chain_count(epilogue.done, done);
    }
    if (!more) break;
    if (!begun) {
      if constexpr (chain) {
        if (threadIdx.x == 0) chain_wait(epilogue.done, next);
        __syncthreads();
      }
      producer.begin(next);
    }
  }
}

template <typename Shape, typename E>
__global__ __launch_bounds__(threads, blocks_together) void gemm(const __grid_constant__ Operands operands,
                                                                 const TileJob* jobs, int job_count,
                                                                 const __grid_constant__ E epilogue) {
#ifdef __CUDA_ARCH__
  extern __shared__ __align__(1024) uint8_t memory[];
  all_tiles<Shape, E, shared_kib(__CUDA_ARCH__ / 10)>(operands, jobs, job_count, epilogue, memory);
#endif
}

// With the shared memory that the kernel's code was made for.
template <typename Shape, typename E>
LaunchSize launch_size(const Backend& backend) {
  using First = typename LayersOf<Shape>::First;
  const auto kernel = gemm<Shape, E>;
  cudaFuncAttributes attributes{};
  check_cuda(cudaFuncGetAttributes(&attributes, kernel), "a kernel's attributes");
  // The code is PTX's, whichever card it was compiled for.
  const int kib = shared_kib(attributes.ptxVersion);
  const int bytes = kib == 96   ? Pipeline<First, 96>::bytes
                    : kib == 80 ? Pipeline<First, 80>::bytes
                                : Pipeline<First, 48>::bytes;
  check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes),
             "shared memory of a kernel");
  int blocks = 0;  // of a multiprocessor
  check_cuda(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, threads, static_cast<size_t>(bytes)),
             "blocks of a kernel");
  return {bytes, blocks * backend.multiprocessors()};
}

template <typename Shape, typename E>
void launch(const GemmPlan::Impl& plan, const E& epilogue) {
  const Backend& backend = *plan.backend;
  const auto stream = static_cast<cudaStream_t>(backend.stream());
  const auto kernel = gemm<Shape, E>;
  const LaunchSize& size =
      backend.launch_size(reinterpret_cast<const void*>(kernel), [&] { return launch_size<Shape, E>(backend); });
  const int grid = plan.job_count < size.blocks ? plan.job_count : size.blocks;
  kernel<<<grid, threads, size.shared_bytes, stream>>>(plan.operands, plan.jobs.as<const TileJob>(), plan.job_count,
                                                       epilogue);
  check_cuda(cudaGetLastError(), "launching a kernel");
}

}  // namespace hens::engine::ampere
