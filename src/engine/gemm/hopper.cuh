// The tiles on Hopper. In a block two warpgroups multiply with wgmma, 64 rows each, and leave their sums in shared
// memory; seven warps finish those (staging.cuh) while the next tile's products go on; one thread feeds the stages by
// bulk tensor copies. Needs sm_90a.
//
// Two blocks, a cluster, take two jobs with one operand in common, and each brings half of that to both. Persistent: a
// block takes every gridDim.x-th job, and the copies run ahead into the next one.
#pragma once

#include "engine/gemm/plan_impl.h"
#include "engine/gemm/hopper_mma.cuh"
#include "engine/gemm/slots.cuh"

namespace hens::engine::hopper {

constexpr int multiplying = 256, finishing = 224, threads = 512;  // the last warp copies

// What one stage of the pipeline holds, in bytes; every part begins on 1024 bytes, as the descriptors of 128-byte
// swizzling want. A block's own share of a part begins on whole rows: bulk copies swizzle by address.
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

// What a tile of one layer hands over.
template <typename Shape, typename Layer>
struct Handed {
  using S = Slot<Shape::hopper_columns, typename Layer::Staged, finishing>;
  static constexpr int planes = Shape::mode == TileMode::single ? 1 : 2;
  // Complex tiles multiply for long and need the room: their planes go one after the other through one slot.
  static constexpr int slots = Shape::mode == TileMode::dual || Shape::mode == TileMode::twin ? 2 : 1;
  static constexpr int bytes = slots * S::bytes;
};

template <typename Shape, typename Epilogue>
struct Memory {
  using First = typename LayersOf<Shape>::First;
  using Second = typename LayersOf<Shape>::Second;
  using E = EpiloguesOf<Epilogue>;
  // Of a chain's layers either both have tiles of the same shape and hand over alike, or the second's have half the
  // columns.
  static constexpr bool halved = !std::is_same_v<First, Second>;
  static_assert(!halved || (Second::hopper_columns * 2 == First::hopper_columns && First::hopper_columns > 128));
  static_assert(halved || std::is_same_v<typename E::First::Staged, typename E::Second::Staged>);
  static constexpr int stage = Stage<First>::bytes;
  static constexpr int a = Handed<First, typename E::First>::bytes, b = Handed<Second, typename E::Second>::bytes;
  static constexpr int staging = a > b ? a : b;
  // One warpgroup's rows may be another layer's than the other's.
  static_assert(Handed<First, typename E::First>::S::row_bytes == Handed<Second, typename E::Second>::S::row_bytes);
  static constexpr int barriers = 256;             // two a stage, and a Handover
  static constexpr int limit = 227 * 1024 - 1024;  // what a block may have, less the alignment
  static constexpr int stages_that_fit = (limit - staging - barriers) / stage;
  static constexpr int stages = stages_that_fit < 8 ? stages_that_fit : 8;
  static constexpr int bytes = stages * stage + staging + barriers + 1024;
};

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

template <typename AllShapes, typename Epilogue>
__device__ __forceinline__ void copy_all(const TensorMaps& maps, const TileJob* jobs, int job_count,
                                         const Epilogue& epilogue, uint32_t stages, uint32_t full, uint32_t empty) {
  using Layout = Memory<AllShapes, Epilogue>;
  using Shape = typename Layout::First;
  using Second = typename Layout::Second;
  using S = Stage<Shape>;
  constexpr bool shares_a = Shape::shared == Shared::a;
  const int rank = static_cast<int>(blockIdx.x % cluster);
  Ring<Layout::stages> ring;
  for (Turns turn(job_count); !turn.done(); turn.next()) {
    const TileJob job = jobs[turn.job()];
    if constexpr (is_chain<Epilogue>) {
      chain_wait(epilogue.done, job);
      asm volatile("fence.proxy.async;" ::: "memory");  // bulk copies will read what others' stores have written
    }
    const bool second = is_chain<Epilogue> && in_second_layer(job);
    const int copied = second ? Stage<Second>::copied : S::copied;
    const int columns = second ? Second::hopper_columns : Shape::hopper_columns;
#pragma unroll
    for (int s = 0; s < LayersOf<AllShapes>::segments; ++s) {
      const int end = job.k[s] > 0 ? job.first_k + job.k[s] : 0;
      for (int k = job.first_k; k < end; k += tile_depth, ring.next()) {
        const uint32_t barrier = full + 8 * ring.stage;
        barrier_wait(empty + 8 * ring.stage, ring.phase ^ 1);
        barrier_expect(barrier, copied);
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
            copy_tile_to_all(to + rank * (columns * tile_depth * 2 / cluster), maps.b[s], barrier, k,
                             job.b[s][0] + rank * (columns / cluster), x2, job.b[s][2]);
          }
        }
      }
    }
  }
}

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

// Between those who multiply and those who finish, two barriers for each warpgroup's rows: `full` when the warpgroup
// has left its sums in a slot, `empty` when they are taken up. So one warpgroup leaves its sums while the other
// multiplies.
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
  // These waits are long: the hint lets a warp sleep through up to 10 ms of one, in ns.
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

// Where a tile's products add up over segments, ptxas before CUDA 13 makes them wait for each other (C7515) unless
// their sums have a beginning in the code.
#if __CUDACC_VER_MAJOR__ >= 13
constexpr bool starts_with_zeros = false;
#else
constexpr bool starts_with_zeros = true;
#endif

// What those who multiply share between tiles.
template <int kStages>
struct Multiplying {
  Products<kStages> products;
  Handover handover;
  uint32_t stages;
  uint8_t* staging;
  // leave_sums(), in a slot that is empty.
  template <typename Leave>
  __device__ __forceinline__ void leave_in_slot(const Leave& leave_sums) {
    const int warpgroup = threadIdx.x / 128;
    Handover::wait(handover.empty(warpgroup), handover.phase ^ 1);
    leave_sums();
    Handover::arrive(handover.full(warpgroup));
    handover.phase ^= 1;
  }
};

template <typename AllShapes, typename Epilogue>
__device__ __forceinline__ void multiply_tile(const TileJob& job, const Epilogue& epilogue,
                                              Multiplying<Memory<AllShapes, Epilogue>::stages>& m) {
  using M = Memory<AllShapes, Epilogue>;
  using Shape = typename M::First;
  using S = Stage<Shape>;
  using First = typename M::E::First;
  using H = Handed<Shape, First>;
  const First& layer = first_layer(epilogue);
  constexpr int registers = S::columns / 2, blocks = S::columns / 8, segments = LayersOf<AllShapes>::segments;
  constexpr int b_leading = Shape::n_major ? tile_depth * copy_columns * 2 : 0;  // between groups of 64 columns
  const int row = threadIdx.x / 32 * 16, lane = threadIdx.x % 32;
  const uint64_t a_first = descriptor(m.stages + threadIdx.x / 128 * 64 * tile_depth * 2, 0, 1024);
  const uint64_t b_first = descriptor(
      m.stages + S::a_parts * S::a_bytes + (Shape::mode == TileMode::twin ? threadIdx.x / 128 * S::b_room : 0),
      b_leading, 1024);
  const uint32_t a_rows = m.stages + warp_rows();
  const auto a = [&](int stage) { return moved(a_first, stage * M::stage); };
  const auto b = [&](int stage) { return moved(b_first, stage * M::stage); };
  m.products.idle = job.rows <= (Shape::mode == TileMode::twin ? 0 : static_cast<int>(threadIdx.x) / 128 * 64);
  float d0[registers], d1[H::planes == 2 ? registers : 1];
  bool started = Shape::mode == TileMode::single && starts_with_zeros;
  if (started) {
#pragma unroll
    for (int i = 0; i < registers; ++i) d0[i] = 0;
  }
  // Products of real matrices, added to d. `halves`: of the tile's columns; only where they come by registers.
  const auto segment = [&](int depth, auto& d, auto halves) {
    if constexpr (S::columns > 128) {
      m.products.segment_by_registers(
          depth, started,
          [&](HalfOfA& rows, int stage, int half) { rows.load((a_rows + stage * M::stage) ^ (64 * half)); },
          [&](auto times, const HalfOfA& rows, int stage, int half, int accumulate) {
            multiply<decltype(times)::value, decltype(halves)::value>(d, rows, moved(b(stage), 64 * half), accumulate);
          });
    } else {
      m.products.segment(depth, started, [&](auto times, int stage, int accumulate) {
        multiply<Shape, decltype(times)::value>(d, a(stage), b(stage), accumulate);
      });
    }
  };
  const auto segments_from = [&](int first, auto halves) {
#pragma unroll 1
    for (int s = first; s < segments; ++s) {
      segment(s == 0 ? job.k[0] : s == 1 ? job.k[1] : s == 2 ? job.k[2] : job.k[3], d0, halves);
    }
  };
  if constexpr (Shape::mode == TileMode::complex) {
    m.products.segment(job.k[0], started, [&](auto times, int stage, int accumulate) {
      multiply_complex<decltype(times)::value>(d0, d1, a(stage), S::a_bytes, b(stage), S::b_room, accumulate);
    });
  } else if constexpr (H::slots == 2) {
    segment(job.k[0], d0, Times<2>{});
    started = false;
    segment(job.k[1], d1, Times<2>{});
  } else if constexpr (M::halved) {
    // In code of their own: ptxas wants no branch among products.
    if (in_second_layer(job)) {
      segments_from(1, Times<1>{});
    } else {
      segment(job.k[0], d0, Times<2>{});
    }
  } else {
    segments_from(0, Times<2>{});
  }
  if (job.rows == 0) return;  // there only to keep its neighbour company
  if constexpr (H::slots == 2) {
    m.leave_in_slot([&] {
      leave<typename H::S, 1, blocks>(layer, m.staging, m.staging + H::S::bytes, lane, row, 0, job.col, d0, d1);
    });
  } else if constexpr (M::halved) {
    m.leave_in_slot([&] {
      if (in_second_layer(job)) {
        using Second = Handed<typename M::Second, typename M::E::Second>;
        leave<typename Second::S, 1, blocks / 2>(epilogue.second, m.staging, lane, row, 0, d0);
      } else {
        leave<typename H::S, 1, blocks>(layer, m.staging, lane, row, 0, d0);
      }
    });
  } else {
    m.leave_in_slot([&] { leave<typename H::S, 1, blocks>(layer, m.staging, lane, row, 0, d0); });
  }
  if constexpr (H::planes > H::slots) {
    m.leave_in_slot([&] { leave<typename H::S, 1, blocks>(layer, m.staging, lane, row, 0, d1); });
  }
}

template <typename Shape, typename Epilogue>
__device__ __forceinline__ void multiply_all(const TileJob* jobs, int job_count, const Epilogue& epilogue,
                                             uint32_t stages, uint32_t full, uint32_t empty, Handover handover,
                                             uint8_t* staging) {
  Multiplying<Memory<Shape, Epilogue>::stages> m{{full, empty}, handover, stages, staging};
  for (Turns turn(job_count); !turn.done(); turn.next()) {
    const TileJob job = jobs[turn.job()];
    multiply_tile<Shape>(job, epilogue, m);
  }
}

// The threads' sums, by way of a slot that all have read.
template <typename S, typename Epilogue>
__device__ __forceinline__ void finish_statistics(const Epilogue& epilogue, const TileJob& job, uint8_t* slot,
                                                  int thread, const Sums& sums) {
  if constexpr (Epilogue::statistics) {
    finishing_meet();
    leave_sums<S>(reinterpret_cast<float*>(slot), thread, sums);
    finishing_meet();
    finish_sums<S>(epilogue, job, reinterpret_cast<const float*>(slot), thread);
  }
}

// One slot's rows: one warpgroup's after the other's where `halves`. The sums' statistics, if there are, come with the
// last plane.
template <bool halves, typename S, typename Epilogue, typename Finish>
__device__ __forceinline__ void finish_slot(const Epilogue& epilogue, const TileJob& job, Handover& handover,
                                            uint8_t* slot, int thread, const Sums& sums, bool last_plane,
                                            const Finish& finish) {
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
template <typename Shape, typename Epilogue>
__device__ __forceinline__ void finish_tile(const Epilogue& epilogue, const TileJob& job, Handover& handover,
                                            uint8_t* staging, int thread) {
  using H = Handed<Shape, Epilogue>;
  using S = typename H::S;
  Sums sums;
  if constexpr (takes_four<Epilogue>) {
    using Four = FinisherOfFour<S, Shape::mode == TileMode::twin, Epilogue>;
    Four finisher(epilogue, job, thread);
    finish_slot<Four::in_halves, S>(epilogue, job, handover, staging, thread, sums, true,
                                    [&](int end) { finisher.finish(staging, sums, end); });
  } else if constexpr (H::slots == 2) {
    finish_slot<false, S>(epilogue, job, handover, staging, thread, sums, true, [&](int end) {
#pragma unroll 1
      for (int plane = 0; plane < 2; ++plane) {
        Finisher<S, Epilogue>(epilogue, job, plane, thread).finish(staging + plane * S::bytes, sums, end);
      }
    });
  } else {
#pragma unroll 1
    for (int plane = 0; plane < H::planes; ++plane) {
      Finisher<S, Epilogue> finisher(epilogue, job, plane, thread);
      finish_slot<Finisher<S, Epilogue>::in_halves, S>(epilogue, job, handover, staging, thread, sums,
                                                       plane == H::planes - 1,
                                                       [&](int end) { finisher.finish(staging, sums, end); });
    }
  }
}

template <typename Shape, typename Epilogue>
__device__ __forceinline__ void finish_all(const TileJob* jobs, int job_count, const Epilogue& epilogue,
                                           Handover handover, uint8_t* staging) {
  const int thread = static_cast<int>(threadIdx.x) - multiplying;
  for (Turns turn(job_count); !turn.done(); turn.next()) {
    const TileJob job = jobs[turn.job()];
    if (job.rows == 0) continue;
    with_layer<Shape>(epilogue, job, [&](const auto& layer, auto shape) {
      finish_tile<decltype(shape)>(layer, job, handover, staging, thread);
    });
    if constexpr (is_chain<Epilogue>) {
      finishing_meet();
      if (thread == 0) chain_count(epilogue.done, job.done);
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
__global__ HENS_CLUSTER __launch_bounds__(threads, 1) void gemm(const __grid_constant__ TensorMaps maps,
                                                                const TileJob* jobs, int job_count,
                                                                const __grid_constant__ Epilogue epilogue) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  using M = Memory<Shape, Epilogue>;
  // The next kernel of the stream may begin where this one's blocks have ended, up to where it waits for all of them.
  asm volatile("griddepcontrol.launch_dependents;");
  extern __shared__ uint8_t raw[];
  uint8_t* memory = raw + (1024 - shared_address(raw) % 1024) % 1024;  // still known to be shared
  uint8_t* staging = memory + M::stages * M::stage;
  const uint32_t stages = shared_address(memory);
  const uint32_t full = shared_address(staging + M::staging), empty = full + 8 * M::stages;
  const Handover handover{empty + 8 * M::stages};
  static_assert(2 * 8 * M::stages + Handover::bytes <= M::barriers);
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
  // 128 registers a thread at launch; those who finish give of theirs to those who multiply: 256 x (168 +
  // 88) are the 65536 there are.
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
