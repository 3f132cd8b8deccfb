// The tiles on Hopper. In a block two warpgroups multiply with wgmma, 64 rows each, and leave their sums in shared memory;
// seven warps finish those (staging.cuh) while the next tile's products go on; one thread feeds the stages by bulk tensor
// copies. Needs sm_90a.
//
// Two blocks, a cluster, take two jobs with one operand in common, and each brings half of that to both. Persistent: a
// block takes every gridDim.x-th job, and the copies run ahead into the next one.
#pragma once

#include <type_traits>

#include "engine/kernels/gemm_inside.h"
#include "engine/kernels/staging.cuh"
#include "engine/kernels/wgmma.cuh"

namespace hens::engine::hopper {

constexpr int multiplying = 256, finishing = 224, threads = 512;  // the last warp copies
constexpr int cluster = 2;    // blocks that share an operand

// What one stage of the pipeline holds, in bytes; every part begins on 1024 bytes, as 128-byte swizzling wants.
template <typename Shape>
struct Stage {
  static constexpr int columns = Shape::hopper_columns;
  static constexpr int a_parts = Shape::mode == TileMode::complex ? 2 : 1;
  static constexpr int b_parts = Shape::mode == TileMode::complex || Shape::mode == TileMode::twin ? 2 : 1;
  static constexpr int a_bytes = tile_rows * tile_depth * 2, b_bytes = columns * tile_depth * 2;
  static constexpr int b_room = (b_bytes + 1023) / 1024 * 1024;
  static constexpr int bytes = a_parts * a_bytes + b_parts * b_room;
  static constexpr int copied = a_parts * a_bytes + b_parts * b_bytes;
};

template <typename Shape, typename Epilogue>
struct Memory {
  using S = Slot<Shape::hopper_columns, typename Epilogue::Staged, finishing>;
  static constexpr int planes = Shape::mode == TileMode::single ? 1 : 2;
  // Complex tiles multiply for long and need the room: their planes go one after the other through one slot.
  static constexpr int slots = Shape::mode == TileMode::dual || Shape::mode == TileMode::twin ? 2 : 1;
  static constexpr int staging = slots * S::bytes;
  static constexpr int barriers = 256;  // two a stage, and a Handover
  static constexpr int limit = 227 * 1024 - 1024;  // what a block may have, less the alignment
  static constexpr int stages_that_fit = (limit - staging - barriers) / Stage<Shape>::bytes;
  static constexpr int stages = stages_that_fit < 8 ? stages_that_fit : 8;
  static constexpr int bytes = stages * Stage<Shape>::bytes + staging + barriers + 1024;
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
// At the same barrier of block `block` of the cluster. Not with .release.cluster: that is a fence for the whole GPU, and
// halves the speed; what is told is that wgmma has read, which needs none.
__device__ __forceinline__ void barrier_arrive_at(uint32_t barrier, uint32_t block) {
  asm volatile(
      "{\n.reg .b32 there;\n"
      "mapa.shared::cluster.u32 there, %0, %1;\n"
      "mbarrier.arrive.shared::cluster.b64 _, [there];\n}\n" ::"r"(barrier),
      "r"(block)
      : "memory");
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

// To the same place of every block of the cluster, and counted by each one's barrier.
__device__ __forceinline__ void copy_tile_to_all(uint32_t to, const CUtensorMap& map, uint32_t barrier, int x0, int x1,
                                                 int x2, int x3) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%3, "
      "%4, %5, %6}], [%2], %7;" ::"r"(to),
      "l"(&map), "r"(barrier), "r"(x0), "r"(x1), "r"(x2), "r"(x3), "h"(static_cast<uint16_t>((1 << cluster) - 1))
      : "memory");
}

__device__ __forceinline__ void cluster_wait() {
  asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
}

// A matrix descriptor with 128-byte swizzling: `leading` and `stride` in bytes (PTX ISA, matrix descriptor format).
__device__ __forceinline__ uint64_t descriptor(uint32_t address, int leading, int stride) {
  return static_cast<uint64_t>((address & 0x3FFFF) >> 4) | static_cast<uint64_t>(leading >> 4) << 16 |
         static_cast<uint64_t>(stride >> 4) << 32 | uint64_t{1} << 62;
}

// The jobs of a block: every gridDim.x-th, shifted by one pair from round to round. Jobs come in patterns (tiles at the
// end of a matrix are short), and a block that got the short ones each time would run ahead of its neighbours and read
// again from memory what they will read.
class Turns {
 public:
  __device__ __forceinline__ Turns(int job_count) : job_count_(job_count) { move(); }
  __device__ __forceinline__ bool done() const { return job_ >= job_count_; }
  __device__ __forceinline__ int job() const { return job_; }
  __device__ __forceinline__ void next() {
    ++round_;
    move();
  }

 private:
  __device__ __forceinline__ void move() {
    const int pairs = gridDim.x / cluster, first = round_ * pairs;
    job_ = (first + (blockIdx.x / cluster + round_) % pairs) * cluster + blockIdx.x % cluster;
    // The last round is not full: who has no job there is done.
    if (first * cluster >= job_count_) job_ = job_count_;
  }
  int job_count_, round_ = 0, job_ = 0;
};

// Stage and phase of a ring of barriers.
template <int kStages>
struct Ring {
  int stage = 0;
  uint32_t phase = 0;
  __device__ __forceinline__ void next() {
    if (++stage == kStages) stage = 0, phase ^= 1;
  }
};

template <typename Shape, typename Epilogue>
__device__ __forceinline__ void copy_all(const TensorMaps& maps, const TileJob* jobs, int job_count,
                                         const Epilogue& epilogue, uint32_t stages, uint32_t full, uint32_t empty) {
  using S = Stage<Shape>;
  using Layout = Memory<Shape, Epilogue>;
  constexpr bool shares_a = Shape::shared == Shared::a;
  const int rank = static_cast<int>(blockIdx.x % cluster);
  Ring<Layout::stages> ring;
  for (Turns turn(job_count); !turn.done(); turn.next()) {
    const TileJob job = jobs[turn.job()];
    if constexpr (is_chain<Epilogue>) {
      chain_wait(epilogue.done, job);
      asm volatile("fence.proxy.async;" ::: "memory");  // bulk copies will read what others' stores have written
    }
#pragma unroll
    for (int s = 0; s < Shape::segments; ++s) {
      const int end = job.k[s] > 0 ? job.first_k + job.k[s] : 0;
      for (int k = job.first_k; k < end; k += tile_depth, ring.next()) {
        const uint32_t barrier = full + 8 * ring.stage;
        barrier_wait(empty + 8 * ring.stage, ring.phase ^ 1);
        barrier_expect(barrier, S::copied);
        uint32_t to = stages + ring.stage * S::bytes;
#pragma unroll
        for (int part = 0; part < S::a_parts; ++part, to += S::a_bytes) {
          const int x2 = S::a_parts == 2 ? part : job.a[s][1];
          if constexpr (Shape::mode == TileMode::twin) {
            // Each half of the rows is one block's to bring.
            const auto from = [&](int x) { return rank == 0 ? job.a[s][x] : job.a[s + 2][x]; };
            copy_tile_to_all(to + rank * (S::a_bytes / cluster), maps.a[s], barrier, k, from(0), from(1), from(2));
          } else if constexpr (shares_a) {
            copy_tile_to_all(to + rank * (S::a_bytes / cluster), maps.a[s], barrier, k,
                             job.a[s][0] + rank * (tile_rows / cluster), x2, job.a[s][2]);
          } else {
            copy_tile(to, maps.a[s], barrier, k, job.a[s][0], x2, job.a[s][2]);
          }
        }
#pragma unroll
        for (int part = 0; part < S::b_parts; ++part, to += S::b_room) {
          const int segment = Shape::mode == TileMode::twin ? s + 2 * part : s;
          const int x2 = Shape::mode == TileMode::complex ? part : job.b[segment][1];
          if constexpr (Shape::n_major) {
#pragma unroll
            for (int n = 0; n < S::columns; n += copy_columns) {
              copy_tile(to + n * tile_depth * 2, maps.b[s], barrier, job.col + n, job.b[segment][0] + k, x2,
                        job.b[segment][2]);
            }
          } else if constexpr (shares_a) {
            copy_tile(to, maps.b[s], barrier, k, job.b[s][0], x2, job.b[s][2]);
          } else {
            copy_tile_to_all(to + rank * (S::b_bytes / cluster), maps.b[s], barrier, k,
                             job.b[s][0] + rank * (S::columns / cluster), x2, job.b[s][2]);
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

// The descriptor of a place `bytes` further on; shared memory is too small to carry beyond the low word.
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

// Half a stage's rows of A in registers, those of a warp: from there two products take them. Wide tiles read shared memory
// as fast as it goes; so they read less of it.
struct HalfOfA {
  uint32_t v[tile_depth / 32][4];
  // `at`: this thread's part of the first 16 columns of the half, swizzled; see warp_rows()
  __device__ __forceinline__ void load(uint32_t at) {
#pragma unroll
    for (int k = 0; k < tile_depth / 32; ++k) {
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(v[k][0]), "=r"(v[k][1]), "=r"(v[k][2]), "=r"(v[k][3])
                   : "r"(at ^ static_cast<uint32_t>(32 * k))
                   : "memory");
    }
  }
};
// Where a thread of those who multiply finds its part of A in a stage, rows swizzled by 128 bytes; 16 columns further on
// is 32 bytes further, by exclusive or.
__device__ __forceinline__ uint32_t warp_rows() {
  const uint32_t lane = threadIdx.x % 32, row = threadIdx.x / 32 * 16 + lane % 16;
  return row * 128 + ((lane / 16 ^ row % 8) << 4);
}

// More than 128 columns, in two halves: ptxas wants the sums of one instruction to fit into the registers that a thread
// has at launch.
template <int kProducts, int kRegisters>
__device__ __forceinline__ void multiply(float (&d)[kRegisters], const HalfOfA& a, uint64_t b, int accumulate) {
  constexpr int half = kRegisters / 2;
#pragma unroll
  for (int k = 0; k < kProducts; ++k) {
#pragma unroll
    for (int part = 0; part < 2; ++part) {
      wgmma(reinterpret_cast<float(&)[half]>(d[part * half]), a.v[k], moved(b, part * half * 2 * tile_depth * 2 + 32 * k),
            k == 0 ? accumulate : 1);
    }
  }
}

// One stage's products of complex matrices; the imaginary parts lie `a_part`, `b_part` bytes after the real ones.
template <int kProducts, int kRegisters>
__device__ __forceinline__ void multiply_complex(float (&re)[kRegisters], float (&im)[kRegisters], uint64_t a, int a_part,
                                                 uint64_t b, int b_part, int accumulate) {
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
using Times = std::integral_constant<int, n>;

// One warpgroup's way through the stages. Products come 16 at a time along k, and no more of the last stage are made than
// the segment has.
template <int kStages>
struct Products {
  uint32_t full, empty;  // barriers by stage
  bool idle = false;     // no row of this job is this warpgroup's
  Ring<kStages> ring{};

  // Multiplies through one segment. `multiply_stage(times, stage, accumulate)` issues times 16 products.
  template <typename Multiply>
  __device__ __forceinline__ void segment(int depth, bool& started, const Multiply& multiply_stage) {
    if (depth == 0) return;
    if (idle) return pass(depth);
    int previous = -1;
    const auto go_through = [&](auto times) {
      barrier_wait(full + 8 * ring.stage, ring.phase);
      wgmma_fence();
      multiply_stage(times, ring.stage, started ? 1 : 0);
      wgmma_commit();
      started = true;
      if (previous >= 0) {
        wgmma_wait<1>();
        release(previous);
      }
      previous = ring.stage;
      ring.next();
    };
    for (; depth > tile_depth - 16; depth -= tile_depth) go_through(Times<4>{});
    if (depth > 32) {
      go_through(Times<3>{});
    } else if (depth > 16) {
      go_through(Times<2>{});
    } else if (depth > 0) {
      go_through(Times<1>{});
    }
    wgmma_wait<0>();
    release(previous);
  }

  // The same with A by way of registers: `load(a, stage, half)`, then `multiply_half(times, a, stage, half, accumulate)`.
  // One half is loaded while the products of the other are on their way.
  template <typename Load, typename Multiply>
  __device__ __forceinline__ void segment_by_registers(int depth, bool& started, const Load& load,
                                                       const Multiply& multiply_half) {
    if (depth == 0) return;
    if (idle) return pass(depth);
    HalfOfA a0, a1;
    int previous = -1;
    const auto go_through = [&](auto times, HalfOfA& a, int stage, int half) {
      wgmma_fence();
      multiply_half(times, a, stage, half, started ? 1 : 0);
      wgmma_commit();
      started = true;
      wgmma_wait<1>();  // the other half is free
    };
    barrier_wait(full + 8 * ring.stage, ring.phase);
    load(a0, ring.stage, 0);
    while (true) {
      const int stage = ring.stage;
      ring.next();
      if (depth > 16) {
        go_through(Times<2>{}, a0, stage, 0);
      } else {
        go_through(Times<1>{}, a0, stage, 0);
      }
      if (previous >= 0) release(previous);
      previous = stage;
      if (depth > 32) {
        load(a1, stage, 1);
        if (depth > 48) {
          go_through(Times<2>{}, a1, stage, 1);
        } else {
          go_through(Times<1>{}, a1, stage, 1);
        }
      }
      depth -= tile_depth;
      if (depth <= 0) break;
      barrier_wait(full + 8 * ring.stage, ring.phase);
      load(a0, ring.stage, 0);
    }
    wgmma_wait<0>();
    release(previous);
  }

 private:
  // Past the stages of a segment. One warp does it for all, and they meet: nothing else keeps a warp from falling a whole
  // round of the ring behind, where a barrier's parity would mean another phase.
  __device__ __forceinline__ void pass(int depth) {
    for (int k = 0; k < depth; k += tile_depth, ring.next()) {
      if (threadIdx.x % 128 >= 32) continue;
      barrier_wait(full + 8 * ring.stage, ring.phase);
      release(ring.stage);
    }
    asm volatile("bar.sync %0, 128;" ::"r"(2 + static_cast<int>(threadIdx.x) / 128) : "memory");
  }
  // Tells the blocks that copy here that this warpgroup has read a stage.
  __device__ __forceinline__ void release(int stage) const {
    if (threadIdx.x % 128 < cluster) barrier_arrive_at(empty + 8 * stage, threadIdx.x % 128);
  }
};

// Between those who multiply and those who finish, two barriers for each warpgroup's rows: `full` when the warpgroup has
// left its sums in a slot, `empty` when they are taken up. So one warpgroup leaves its sums while the other multiplies.
struct Handover {
  uint32_t barriers;  // [warpgroup][full, empty]
  uint32_t phase = 0;
  static constexpr int bytes = 4 * 8;
  __device__ __forceinline__ uint32_t full(int warpgroup) const { return barriers + 16 * warpgroup; }
  __device__ __forceinline__ uint32_t empty(int warpgroup) const { return barriers + 16 * warpgroup + 8; }
  __device__ __forceinline__ void init() const {
    for (int warpgroup = 0; warpgroup < 2; ++warpgroup) {
      barrier_init(full(warpgroup), 128);
      barrier_init(empty(warpgroup), finishing);
    }
  }
  // Every thread by itself: an arrival is a release of its own loads and stores.
  __device__ __forceinline__ static void arrive(uint32_t barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
  }
  __device__ __forceinline__ static void wait(uint32_t barrier, uint32_t parity) {
    asm volatile(
        "{\n.reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1, %2;\n"
        "@!done bra again;\n}\n" ::"r"(barrier),
        "r"(parity), "r"(10000000)
        : "memory");
  }
};
// All who finish.
__device__ __forceinline__ void finishing_meet() { asm volatile("bar.sync 1, %0;" ::"n"(finishing) : "memory"); }

// Where a tile's products add up over segments, ptxas before CUDA 13 makes them wait for each other (C7515) unless their
// sums have a beginning in the code.
#if __CUDACC_VER_MAJOR__ >= 13
constexpr bool starts_with_zeros = false;
#else
constexpr bool starts_with_zeros = true;
#endif

template <typename Shape, typename Epilogue>
__device__ __forceinline__ void multiply_all(const TileJob* jobs, int job_count, const Epilogue& epilogue,
                                             uint32_t stages, uint32_t full, uint32_t empty, Handover handover,
                                             uint8_t* staging) {
  using S = Stage<Shape>;
  using M = Memory<Shape, Epilogue>;
  constexpr int registers = S::columns / 2, blocks = S::columns / 8;
  constexpr bool two = M::planes == 2;
  const int row = threadIdx.x / 32 * 16, lane = threadIdx.x % 32, warpgroup = threadIdx.x / 128;
  constexpr int b_leading = Shape::n_major ? tile_depth * copy_columns * 2 : 0;  // between groups of 64 columns
  const uint64_t a_first = descriptor(stages + threadIdx.x / 128 * 64 * tile_depth * 2, 0, 1024);
  const uint64_t b_first = descriptor(
      stages + S::a_parts * S::a_bytes + (Shape::mode == TileMode::twin ? threadIdx.x / 128 * S::b_room : 0), b_leading, 1024);
  const uint32_t a_rows = stages + warp_rows();
  const auto a = [&](int stage) { return moved(a_first, stage * S::bytes); };
  const auto b = [&](int stage) { return moved(b_first, stage * S::bytes); };
  Products<M::stages> products{full, empty};
  float d0[registers], d1[two ? registers : 1];
  for (Turns turn(job_count); !turn.done(); turn.next()) {
    const TileJob job = jobs[turn.job()];
    products.idle = job.rows <= (Shape::mode == TileMode::twin ? 0 : static_cast<int>(threadIdx.x) / 128 * 64);
    bool started = Shape::mode == TileMode::single && starts_with_zeros;
    if (started) {
#pragma unroll
      for (int i = 0; i < registers; ++i) d0[i] = 0;
    }
    if constexpr (Shape::mode == TileMode::complex) {
      products.segment(job.k[0], started, [&](auto times, int stage, int accumulate) {
        multiply_complex<decltype(times)::value>(d0, d1, a(stage), S::a_bytes, b(stage), S::b_room, accumulate);
      });
    } else if constexpr (M::slots == 2) {
      products.segment(job.k[0], started, [&](auto times, int stage, int accumulate) {
        multiply<Shape, decltype(times)::value>(d0, a(stage), b(stage), accumulate);
      });
      started = false;
      products.segment(job.k[1], started, [&](auto times, int stage, int accumulate) {
        multiply<Shape, decltype(times)::value>(d1, a(stage), b(stage), accumulate);
      });
    } else {
#pragma unroll 1
      for (int s = 0; s < Shape::segments; ++s) {
        const int depth = s == 0 ? job.k[0] : s == 1 ? job.k[1] : job.k[2];
        if constexpr (S::columns > 128) {
          products.segment_by_registers(
              depth, started,
              [&](HalfOfA& rows, int stage, int half) { rows.load((a_rows + stage * S::bytes) ^ (64 * half)); },
              [&](auto times, const HalfOfA& rows, int stage, int half, int accumulate) {
                multiply<decltype(times)::value>(d0, rows, moved(b(stage), 64 * half), accumulate);
              });
        } else {
          products.segment(depth, started, [&](auto times, int stage, int accumulate) {
            multiply<Shape, decltype(times)::value>(d0, a(stage), b(stage), accumulate);
          });
        }
      }
    }
    if (job.rows == 0) continue;  // there only to keep its neighbour company
    const auto leave_in_slot = [&](const auto& leave_sums) {
      Handover::wait(handover.empty(warpgroup), handover.phase ^ 1);
      leave_sums();
      Handover::arrive(handover.full(warpgroup));
      handover.phase ^= 1;
    };
    if constexpr (M::slots == 2) {
      leave_in_slot([&] {
        leave<typename M::S, 1, blocks>(epilogue, staging, staging + M::S::bytes, lane, row, 0, job.col, d0, d1);
      });
    } else {
      leave_in_slot([&] { leave<typename M::S, 1, blocks>(epilogue, staging, lane, row, 0, d0); });
    }
    if constexpr (M::planes > M::slots) {
      leave_in_slot([&] { leave<typename M::S, 1, blocks>(epilogue, staging, lane, row, 0, d1); });
    }
  }
}

// The threads' sums, by way of a slot that all have read.
template <typename S, typename Epilogue>
__device__ __forceinline__ void finish_statistics(const Epilogue& epilogue, const TileJob& job, uint8_t* slot, int thread,
                                                  const Sums& sums) {
  if constexpr (Epilogue::statistics) {
    finishing_meet();
    leave_sums<S>(reinterpret_cast<float*>(slot), thread, sums);
    finishing_meet();
    finish_sums<S>(epilogue, job, reinterpret_cast<const float*>(slot), thread);
  }
}

// One slot's rows: one warpgroup's after the other's where `halves`. The sums' statistics, if there are, come with the last
// plane.
template <bool halves, typename M, typename Epilogue, typename Finish>
__device__ __forceinline__ void finish_slot(const Epilogue& epilogue, const TileJob& job, Handover& handover, uint8_t* slot,
                                            int thread, const Sums& sums, bool last_plane, const Finish& finish) {
  using S = typename M::S;
  Handover::wait(handover.full(0), handover.phase);
  if constexpr (halves) {
    finish(tile_rows / 2);
    Handover::arrive(handover.empty(0));
  }
  Handover::wait(handover.full(1), handover.phase);
  handover.phase ^= 1;
  finish(tile_rows);
  if (last_plane) {
    finish_statistics<S>(epilogue, job, slot + (halves ? tile_rows / 2 * S::row_bytes : 0), thread, sums);
  }
  if constexpr (!halves) Handover::arrive(handover.empty(0));
  Handover::arrive(handover.empty(1));
}

// All planes of one tile.
template <typename Shape, typename M, typename Epilogue>
__device__ __forceinline__ void finish_tile(const Epilogue& epilogue, const TileJob& job, Handover& handover,
                                            uint8_t* staging, int thread) {
  using S = typename M::S;
  Sums sums;
  if constexpr (takes_four<Epilogue>) {
    using Four = FinisherOfFour<S, Shape::mode == TileMode::twin, Epilogue>;
    Four finisher(epilogue, job, thread);
    finish_slot<Four::in_halves, M>(epilogue, job, handover, staging, thread, sums, true,
                                    [&](int end) { finisher.finish(staging, sums, end); });
  } else if constexpr (M::slots == 2) {
    finish_slot<false, M>(epilogue, job, handover, staging, thread, sums, true, [&](int end) {
#pragma unroll 1
      for (int plane = 0; plane < 2; ++plane) {
        Finisher<S, Epilogue>(epilogue, job, plane, thread).finish(staging + plane * S::bytes, sums, end);
      }
    });
  } else {
#pragma unroll 1
    for (int plane = 0; plane < M::planes; ++plane) {
      Finisher<S, Epilogue> finisher(epilogue, job, plane, thread);
      finish_slot<Finisher<S, Epilogue>::in_halves, M>(epilogue, job, handover, staging, thread, sums, plane == M::planes - 1,
                                                       [&](int end) { finisher.finish(staging, sums, end); });
    }
  }
}

template <typename Shape, typename Epilogue>
__device__ __forceinline__ void finish_all(const TileJob* jobs, int job_count, const Epilogue& epilogue, Handover handover,
                                           uint8_t* staging) {
  const int thread = static_cast<int>(threadIdx.x) - multiplying;
  for (Turns turn(job_count); !turn.done(); turn.next()) {
    const TileJob job = jobs[turn.job()];
    if (job.rows == 0) continue;
    with_layer(epilogue, job, [&](const auto& layer) {
      finish_tile<Shape, Memory<Shape, Epilogue>>(layer, job, handover, staging, thread);
    });
    if constexpr (is_chain<Epilogue>) {
      finishing_meet();
      if (thread == 0) chain_count(epilogue.done, job);
    }
  }
}

#endif

// In code for older cards the kernel is empty, and nvcc 12 takes no clusters there.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
#define HENS_CLUSTER
#else
#define HENS_CLUSTER __cluster_dims__(cluster, 1, 1)
#endif

template <typename Shape, typename Epilogue>
__global__ HENS_CLUSTER __launch_bounds__(threads, 1) void gemm(
    const __grid_constant__ TensorMaps maps, const TileJob* jobs, int job_count,
    const __grid_constant__ Epilogue epilogue) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  using M = Memory<Shape, Epilogue>;
  // The next kernel of the stream may begin where this one's blocks have ended, up to where it waits for all of them.
  asm volatile("griddepcontrol.launch_dependents;");
  extern __shared__ uint8_t raw[];
  uint8_t* memory = raw + (1024 - shared_address(raw) % 1024) % 1024;  // still known to be shared
  uint8_t* staging = memory + M::stages * Stage<Shape>::bytes;
  const uint32_t stages = shared_address(memory);
  const uint32_t full = shared_address(staging + M::staging), empty = full + 8 * M::stages;
  const Handover handover{empty + 8 * M::stages};
  if (threadIdx.x == 0) {
    for (int s = 0; s < M::stages; ++s) {
      barrier_init(full + 8 * s, 1);
      barrier_init(empty + 8 * s, 2 * cluster);
    }
    handover.init();
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  }
  __syncthreads();
  cluster_wait();  // the other block's barriers are there
  // 128 registers a thread at launch; those who finish give of theirs to those who multiply.
  if (threadIdx.x < multiplying) {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 168;");
    multiply_all<Shape>(jobs, job_count, epilogue, stages, full, empty, handover, staging);
  } else {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 88;");
    // All before is done: only those who follow here touch what others write.
    asm volatile("griddepcontrol.wait;" ::: "memory");
    if (threadIdx.x < multiplying + finishing) {
      finish_all<Shape>(jobs, job_count, epilogue, handover, staging);
    } else if (threadIdx.x == multiplying + finishing) {
      copy_all<Shape>(maps, jobs, job_count, epilogue, stages, full, empty);
    }
  }
  cluster_wait();  // the other block may still copy here, and tell of what it has read
#endif
}

// Blocks that the card holds at once: clusters are not spread over its processing clusters, so some multiprocessors may
// stay without one. A persistent kernel launched with more would run twice as long.
template <typename Kernel>
int resident_blocks(Kernel kernel, int bytes) {
  cudaLaunchConfig_t config{};
  config.gridDim = cluster, config.blockDim = threads, config.dynamicSmemBytes = static_cast<size_t>(bytes);
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {cluster, 1, 1};
  config.attrs = &attribute, config.numAttrs = 1;
  int clusters = 0;
  check_cuda(cudaOccupancyMaxActiveClusters(&clusters, kernel, &config), "clusters of a kernel");
  return clusters * cluster;
}

}  // namespace hens::engine::hopper
