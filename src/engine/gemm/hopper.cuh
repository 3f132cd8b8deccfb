// The tiles on Hopper, warp-specialised. In a block one thread, the producer, fills the pipeline's stages by TMA; two
// MMA warpgroups multiply with wgmma, 64 rows each, and leave their accumulators in slots of shared memory; seven
// epilogue warps finish those (slots.cuh) while the next tile's products go on. Needs sm_90a.
//
// Two blocks, a cluster, take two jobs with one operand in common, and each multicasts half of that to both.
// Persistent: a block takes every gridDim.x-th job (TileScheduler), and the loads run ahead into the next one.
#pragma once

#include <cuda_runtime.h>

#include "engine/gemm/hopper_mma.cuh"
#include "engine/gemm/plan_impl.h"
#include "engine/gemm/slots.cuh"

namespace hens::engine::hopper {

constexpr int mma_threads = 256, epilogue_threads = 224, threads = 512;  // the producer is in the last warp

// What one stage of the pipeline holds, in bytes; every part begins on 1024 bytes, as the descriptors of 128-byte
// swizzling want. A block's own share of a part begins on whole rows: TMA swizzles by address.
template <typename Shape>
struct Stage {
  static constexpr int columns = Shape::wide_columns;
  static constexpr int a_parts = Shape::mode == TileMode::complex ? 2 : 1;
  static constexpr int b_parts = Shape::mode == TileMode::complex || Shape::mode == TileMode::stacked ? 2 : 1;
  static constexpr int a_bytes = tile_rows * tile_depth * 2, b_bytes = columns * tile_depth * 2;
  static constexpr int b_room = (b_bytes + 1023) / 1024 * 1024;
  static constexpr int bytes = a_parts * a_bytes + b_parts * b_room;
  static constexpr int loaded_bytes = a_parts * a_bytes + b_parts * b_bytes;
};

// The slots through which the tiles of one layer go to the epilogue.
template <typename Shape, typename Layer>
struct SlotLayout {
  using S = Slot<Shape::wide_columns, typename Layer::Element, epilogue_threads>;
  static constexpr int planes = Shape::mode == TileMode::single ? 1 : 2;
  // Complex tiles multiply for long and need the room: their planes go one after the other through one slot.
  static constexpr int slots = Shape::mode == TileMode::dual || Shape::mode == TileMode::stacked ? 2 : 1;
  static constexpr int bytes = slots * S::bytes;
};

// A block's shared memory: stages, slots, barriers.
template <typename Shape, typename E>
struct SharedMemory {
  using First = typename LayersOf<Shape>::First;
  using Second = typename LayersOf<Shape>::Second;
  using Layers = EpiloguesOf<E>;
  // Of a chain's layers either both have tiles of the same shape and element, or the second's have half the columns.
  static constexpr bool halved = !std::is_same_v<First, Second>;
  static_assert(!halved || (Second::wide_columns * 2 == First::wide_columns && First::wide_columns > 128));
  static_assert(halved || std::is_same_v<typename Layers::First::Element, typename Layers::Second::Element>);
  static constexpr int stage = Stage<First>::bytes;
  static constexpr int a = SlotLayout<First, typename Layers::First>::bytes,
                       b = SlotLayout<Second, typename Layers::Second>::bytes;
  static constexpr int slots = a > b ? a : b;
  // One warpgroup's rows may be another layer's than the other's.
  static_assert(SlotLayout<First, typename Layers::First>::S::row_bytes ==
                SlotLayout<Second, typename Layers::Second>::S::row_bytes);
  static constexpr int barriers = 256;             // two a stage, and SlotBarriers
  static constexpr int limit = 227 * 1024 - 1024;  // what a block may have, less the alignment
  static constexpr int stages_that_fit = (limit - slots - barriers) / stage;
  static constexpr int stages = stages_that_fit < 8 ? stages_that_fit : 8;
  static constexpr int bytes = stages * stage + slots + barriers + 1024;
};

// The jobs of a block: every gridDim.x-th, shifted by one pair from round to round. Jobs come in patterns (tiles at the
// end of a matrix are short), and a block that got the short ones each time would run ahead of its neighbours and read
// again from memory what they will read.
class TileScheduler {
 public:
  __device__ __forceinline__ TileScheduler(int job_count) : job_count_(job_count) { move(); }
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
    // The last round is not full: a block that has no job there is done.
    if (first * cluster >= job_count_) job_ = job_count_;
  }
  int job_count_, round_ = 0, job_ = 0;
};

// The producer: one thread, which fills the stages for all jobs of its block.
template <typename AllShapes, typename E>
__device__ __forceinline__ void produce(const TensorMaps& maps, const TileJob* jobs, int job_count, const E& epilogue,
                                        uint32_t stages, uint32_t full, uint32_t empty) {
  using Layout = SharedMemory<AllShapes, E>;
  using Shape = typename Layout::First;
  using Second = typename Layout::Second;
  using S = Stage<Shape>;
  constexpr bool shares_a = Shape::multicast == Multicast::a;
  const int rank = static_cast<int>(blockIdx.x % cluster);
  PipelineState<Layout::stages> state;
  for (TileScheduler scheduler(job_count); !scheduler.done(); scheduler.next()) {
    const TileJob job = jobs[scheduler.job()];
    if constexpr (is_chain<E>) {
      chain_wait(epilogue.done, job);
      asm volatile("fence.proxy.async;" ::: "memory");  // TMA will read what others' stores have written
    }
    const bool second = is_chain<E> && in_second_layer(job);
    const int loaded_bytes = second ? Stage<Second>::loaded_bytes : S::loaded_bytes;
    const int columns = second ? Second::wide_columns : Shape::wide_columns;
#pragma unroll
    for (int s = 0; s < LayersOf<AllShapes>::segments; ++s) {
      const int end = job.k[s] > 0 ? job.first_k + job.k[s] : 0;
      for (int k = job.first_k; k < end; k += tile_depth, state.next()) {
        const uint32_t barrier = full + 8 * state.stage;
        barrier_wait(empty + 8 * state.stage, state.phase ^ 1);
        barrier_expect(barrier, loaded_bytes);
        uint32_t to = stages + state.stage * S::bytes;
#pragma unroll
        for (int part = 0; part < S::a_parts; ++part, to += S::a_bytes) {
          const int x2 = S::a_parts == 2 ? part : job.a[s][1];
          if constexpr (Shape::mode == TileMode::stacked) {
            // Each half of the rows is one block's to load.
            const auto from = [&](int x) { return rank == 0 ? job.a[s][x] : job.a[s + 2][x]; };
            tma_load_multicast(to + rank * (S::a_bytes / cluster), maps.a[s], barrier, k, from(0), from(1), from(2));
          } else if constexpr (shares_a) {
            tma_load_multicast(to + rank * (S::a_bytes / cluster), maps.a[s], barrier, k,
                               job.a[s][0] + rank * (tile_rows / cluster), x2, job.a[s][2]);
          } else {
            tma_load(to, maps.a[s], barrier, k, job.a[s][0], x2, job.a[s][2]);
          }
        }
#pragma unroll
        for (int part = 0; part < S::b_parts; ++part, to += S::b_room) {
          const int segment = Shape::mode == TileMode::stacked ? s + 2 * part : s;
          const int x2 = Shape::mode == TileMode::complex ? part : job.b[segment][1];
          if constexpr (Shape::n_major) {
#pragma unroll
            for (int n = 0; n < S::columns; n += copy_columns) {
              tma_load(to + n * tile_depth * 2, maps.b[s], barrier, job.col + n, job.b[segment][0] + k, x2,
                       job.b[segment][2]);
            }
          } else if constexpr (shares_a) {
            tma_load(to, maps.b[s], barrier, k, job.b[s][0], x2, job.b[s][2]);
          } else {
            tma_load_multicast(to + rank * (columns * tile_depth * 2 / cluster), maps.b[s], barrier, k,
                               job.b[s][0] + rank * (columns / cluster), x2, job.b[s][2]);
          }
        }
      }
    }
  }
}

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

// Two barriers for each MMA warpgroup's rows of a slot: `full` when the warpgroup has stored its accumulators, `empty`
// when the epilogue has loaded them. So one warpgroup stores while the other multiplies.
struct SlotBarriers {
  uint32_t barriers;  // [warpgroup][full, empty]
  uint32_t phase = 0;
  static constexpr int bytes = 4 * 8;
  __device__ __forceinline__ uint32_t full(int warpgroup) const { return barriers + 16 * warpgroup; }
  __device__ __forceinline__ uint32_t empty(int warpgroup) const { return barriers + 16 * warpgroup + 8; }
  __device__ __forceinline__ void init() const {
    for (int warpgroup = 0; warpgroup < 2; ++warpgroup) {
      barrier_init(full(warpgroup), 128);
      barrier_init(empty(warpgroup), epilogue_threads);
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
// All epilogue warps of the block.
__device__ __forceinline__ void epilogue_sync() { asm volatile("bar.sync 1, %0;" ::"n"(epilogue_threads) : "memory"); }

// Where a tile's products add up over segments, ptxas before CUDA 13 makes them wait for each other (C7515) unless
// their sums have a beginning in the code.
#if __CUDACC_VER_MAJOR__ >= 13
constexpr bool starts_with_zeros = false;
#else
constexpr bool starts_with_zeros = true;
#endif

// What an MMA warpgroup keeps from tile to tile.
template <int kStages>
struct MmaState {
  MmaPipeline<kStages> pipeline;
  SlotBarriers slot_barriers;
  uint32_t stages;
  uint8_t* slots;
  // store(), in a slot that is empty.
  template <typename Store>
  __device__ __forceinline__ void fill_slot(const Store& store) {
    const int warpgroup = threadIdx.x / 128;
    SlotBarriers::wait(slot_barriers.empty(warpgroup), slot_barriers.phase ^ 1);
    store();
    SlotBarriers::arrive(slot_barriers.full(warpgroup));
    slot_barriers.phase ^= 1;
  }
};

// One tile's products, and its accumulators to the slots. One long function: ptxas lets products overlap only where it
// sees all of them together.
template <typename AllShapes, typename E>
__device__ __forceinline__ void mma_tile(const TileJob& job, const E& epilogue,
                                         MmaState<SharedMemory<AllShapes, E>::stages>& m) {
  using M = SharedMemory<AllShapes, E>;
  using Shape = typename M::First;
  using S = Stage<Shape>;
  using First = typename M::Layers::First;
  using H = SlotLayout<Shape, First>;
  const First& layer = first_layer(epilogue);
  constexpr int registers = S::columns / 2, blocks = S::columns / 8, segments = LayersOf<AllShapes>::segments;
  constexpr int b_leading = Shape::n_major ? tile_depth * copy_columns * 2 : 0;  // between groups of 64 columns
  const int row = threadIdx.x / 32 * 16, lane = threadIdx.x % 32;
  const uint64_t a_first = descriptor(m.stages + threadIdx.x / 128 * 64 * tile_depth * 2, 0, 1024);
  const uint64_t b_first = descriptor(
      m.stages + S::a_parts * S::a_bytes + (Shape::mode == TileMode::stacked ? threadIdx.x / 128 * S::b_room : 0),
      b_leading, 1024);
  const uint32_t a_rows = m.stages + fragment_offset();
  const auto a = [&](int stage) { return moved(a_first, stage * M::stage); };
  const auto b = [&](int stage) { return moved(b_first, stage * M::stage); };
  m.pipeline.idle = job.rows <= (Shape::mode == TileMode::stacked ? 0 : static_cast<int>(threadIdx.x) / 128 * 64);
  float d0[registers], d1[H::planes == 2 ? registers : 1];
  bool started = Shape::mode == TileMode::single && starts_with_zeros;
  if (started) {
#pragma unroll
    for (int i = 0; i < registers; ++i) d0[i] = 0;
  }
  // Products of real matrices, added to d. `halves`: of the tile's columns; only where A comes from registers.
  const auto segment = [&](int depth, auto& d, auto halves) {
    if constexpr (S::columns > 128) {
      m.pipeline.segment_from_registers(
          depth, started,
          [&](FragmentsOfA& rows, int stage, int half) { rows.load((a_rows + stage * M::stage) ^ (64 * half)); },
          [&](auto count, const FragmentsOfA& rows, int stage, int half, int accumulate) {
            multiply<decltype(count)::value, decltype(halves)::value>(d, rows, moved(b(stage), 64 * half), accumulate);
          });
    } else {
      m.pipeline.segment(depth, started, [&](auto count, int stage, int accumulate) {
        multiply<Shape, decltype(count)::value>(d, a(stage), b(stage), accumulate);
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
    m.pipeline.segment(job.k[0], started, [&](auto count, int stage, int accumulate) {
      multiply_complex<decltype(count)::value>(d0, d1, a(stage), S::a_bytes, b(stage), S::b_room, accumulate);
    });
  } else if constexpr (H::slots == 2) {
    segment(job.k[0], d0, Count<2>{});
    started = false;
    segment(job.k[1], d1, Count<2>{});
  } else if constexpr (M::halved) {
    // In code of their own: ptxas wants no branch among products.
    if (in_second_layer(job)) {
      segments_from(1, Count<1>{});
    } else {
      segment(job.k[0], d0, Count<2>{});
    }
  } else {
    segments_from(0, Count<2>{});
  }
  if (job.rows == 0) return;  // there only to load its half of the shared operand
  if constexpr (H::slots == 2) {
    m.fill_slot([&] {
      store_accumulators<typename H::S, 1, blocks>(layer, m.slots, m.slots + H::S::bytes, lane, row, 0, job.col, d0,
                                                   d1);
    });
  } else if constexpr (M::halved) {
    m.fill_slot([&] {
      if (in_second_layer(job)) {
        using Second = SlotLayout<typename M::Second, typename M::Layers::Second>;
        store_accumulators<typename Second::S, 1, blocks / 2>(epilogue.second, m.slots, lane, row, 0, d0);
      } else {
        store_accumulators<typename H::S, 1, blocks>(layer, m.slots, lane, row, 0, d0);
      }
    });
  } else {
    m.fill_slot([&] { store_accumulators<typename H::S, 1, blocks>(layer, m.slots, lane, row, 0, d0); });
  }
  if constexpr (H::planes > H::slots) {
    m.fill_slot([&] { store_accumulators<typename H::S, 1, blocks>(layer, m.slots, lane, row, 0, d1); });
  }
}

// The MMA warpgroups, over all jobs of the block.
template <typename Shape, typename E>
__device__ __forceinline__ void mma_warpgroups(const TileJob* jobs, int job_count, const E& epilogue, uint32_t stages,
                                               uint32_t full, uint32_t empty, SlotBarriers slot_barriers,
                                               uint8_t* slots) {
  MmaState<SharedMemory<Shape, E>::stages> m{{full, empty}, slot_barriers, stages, slots};
  for (TileScheduler scheduler(job_count); !scheduler.done(); scheduler.next()) {
    const TileJob job = jobs[scheduler.job()];
    mma_tile<Shape>(job, epilogue, m);
  }
}

// The threads' statistics, by way of a slot that all have read.
template <typename S, typename E>
__device__ __forceinline__ void epilogue_statistics(const E& epilogue, const TileJob& job, uint8_t* slot, int thread,
                                                    const Statistics& statistics) {
  if constexpr (E::statistics) {
    epilogue_sync();
    store_statistics<S>(reinterpret_cast<float*>(slot), thread, statistics);
    epilogue_sync();
    reduce_statistics<S>(epilogue, job, reinterpret_cast<const float*>(slot), thread);
  }
}

// One slot's rows: one MMA warpgroup's after the other's where kByWarpgroup. Statistics, if there are, come with the
// last plane.
template <bool kByWarpgroup, typename S, typename E, typename Finish>
__device__ __forceinline__ void epilogue_slot(const E& epilogue, const TileJob& job, SlotBarriers& slot_barriers,
                                              uint8_t* slot, int thread, const Statistics& statistics, bool last_plane,
                                              const Finish& finish) {
  SlotBarriers::wait(slot_barriers.full(0), slot_barriers.phase);
  if constexpr (kByWarpgroup) {
    finish(tile_rows / 2);
    SlotBarriers::arrive(slot_barriers.empty(0));
  }
  SlotBarriers::wait(slot_barriers.full(1), slot_barriers.phase);
  slot_barriers.phase ^= 1;
  finish(tile_rows);
  if (last_plane) {
    epilogue_statistics<S>(epilogue, job, slot + (kByWarpgroup ? tile_rows / 2 * S::row_bytes : 0), thread, statistics);
  }
  if constexpr (!kByWarpgroup) SlotBarriers::arrive(slot_barriers.empty(0));
  SlotBarriers::arrive(slot_barriers.empty(1));
}

// All planes of one tile.
template <typename Shape, typename E>
__device__ __forceinline__ void epilogue_tile(const E& epilogue, const TileJob& job, SlotBarriers& slot_barriers,
                                              uint8_t* slots, int thread) {
  using H = SlotLayout<Shape, E>;
  using S = typename H::S;
  Statistics statistics;
  if constexpr (takes_four_rows<E>) {
    using Four = FourRowEpilogue<S, Shape::mode == TileMode::stacked, E>;
    Four finisher(epilogue, job, thread);
    epilogue_slot<Four::by_warpgroup, S>(epilogue, job, slot_barriers, slots, thread, statistics, true,
                                         [&](int end) { finisher.finish(slots, statistics, end); });
  } else if constexpr (H::slots == 2) {
    epilogue_slot<false, S>(epilogue, job, slot_barriers, slots, thread, statistics, true, [&](int end) {
#pragma unroll 1
      for (int plane = 0; plane < 2; ++plane) {
        RowEpilogue<S, E>(epilogue, job, plane, thread).finish(slots + plane * S::bytes, statistics, end);
      }
    });
  } else {
#pragma unroll 1
    for (int plane = 0; plane < H::planes; ++plane) {
      RowEpilogue<S, E> finisher(epilogue, job, plane, thread);
      epilogue_slot<RowEpilogue<S, E>::by_warpgroup, S>(epilogue, job, slot_barriers, slots, thread, statistics,
                                                        plane == H::planes - 1,
                                                        [&](int end) { finisher.finish(slots, statistics, end); });
    }
  }
}

// The epilogue warps, over all jobs of the block.
template <typename Shape, typename E>
__device__ __forceinline__ void epilogue_warps(const TileJob* jobs, int job_count, const E& epilogue,
                                               SlotBarriers slot_barriers, uint8_t* slots) {
  const int thread = static_cast<int>(threadIdx.x) - mma_threads;
  for (TileScheduler scheduler(job_count); !scheduler.done(); scheduler.next()) {
    const TileJob job = jobs[scheduler.job()];
    if (job.rows == 0) continue;
    with_layer<Shape>(epilogue, job, [&](const auto& layer, auto shape) {
      epilogue_tile<decltype(shape)>(layer, job, slot_barriers, slots, thread);
    });
    if constexpr (is_chain<E>) {
      epilogue_sync();
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

template <typename Shape, typename E>
__global__ HENS_CLUSTER __launch_bounds__(threads, 1) void gemm(const __grid_constant__ TensorMaps maps,
                                                                const TileJob* jobs, int job_count,
                                                                const __grid_constant__ E epilogue) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  using M = SharedMemory<Shape, E>;
  // The next kernel of the stream may begin where this one's blocks have ended, up to where it waits for all of them.
  asm volatile("griddepcontrol.launch_dependents;");
  extern __shared__ uint8_t raw[];
  uint8_t* memory = raw + (1024 - shared_address(raw) % 1024) % 1024;  // still known to be shared
  uint8_t* slots = memory + M::stages * M::stage;
  const uint32_t stages = shared_address(memory);
  const uint32_t full = shared_address(slots + M::slots), empty = full + 8 * M::stages;
  const SlotBarriers slot_barriers{empty + 8 * M::stages};
  static_assert(2 * 8 * M::stages + SlotBarriers::bytes <= M::barriers);
  if (threadIdx.x == 0) {
    for (int s = 0; s < M::stages; ++s) {
      barrier_init(full + 8 * s, 1);
      barrier_init(empty + 8 * s, 2 * cluster);
    }
    slot_barriers.init();
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  }
  __syncthreads();
  cluster_sync();  // the other block's barriers are there
  // 128 registers a thread at launch; the other warps give of theirs to the MMA warpgroups: 256 x (168 + 88) are the
  // 65536 there are.
  if (threadIdx.x < mma_threads) {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 168;");
    mma_warpgroups<Shape>(jobs, job_count, epilogue, stages, full, empty, slot_barriers, slots);
  } else {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 88;");
    // All before is done: only the warps that follow here touch what others write.
    asm volatile("griddepcontrol.wait;" ::: "memory");
    if (threadIdx.x < mma_threads + epilogue_threads) {
      epilogue_warps<Shape>(jobs, job_count, epilogue, slot_barriers, slots);
    } else if (threadIdx.x == mma_threads + epilogue_threads) {
      produce<Shape>(maps, jobs, job_count, epilogue, stages, full, empty);
    }
  }
  cluster_sync();  // the other block may still copy here, and tell of what it has read
#endif
}

// Blocks that the card holds at once: clusters are not spread over its processing clusters, so some multiprocessors may
// stay without one. A persistent kernel launched with more would run twice as long.
template <typename Kernel>
LaunchSize launch_size(Kernel kernel, int shared_bytes) {
  check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes),
             "shared memory of a kernel");
  cudaLaunchConfig_t config{};
  config.gridDim = cluster, config.blockDim = threads, config.dynamicSmemBytes = static_cast<size_t>(shared_bytes);
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {cluster, 1, 1};
  config.attrs = &attribute, config.numAttrs = 1;
  int clusters = 0;
  check_cuda(cudaOccupancyMaxActiveClusters(&clusters, kernel, &config), "clusters of a kernel");
  return {shared_bytes, clusters * cluster};
}

template <typename Shape, typename E>
void launch(const GemmPlan::Impl& plan, const E& epilogue) {
  const Backend& backend = *plan.backend;
  const auto stream = static_cast<cudaStream_t>(backend.stream());
  const auto kernel = gemm<Shape, E>;
  const LaunchSize& size = backend.launch_size(reinterpret_cast<const void*>(kernel),
                                               [&] { return launch_size(kernel, SharedMemory<Shape, E>::bytes); });
  cudaLaunchConfig_t config{};
  config.gridDim = plan.job_count < size.blocks ? plan.job_count : size.blocks, config.blockDim = threads;
  config.dynamicSmemBytes = static_cast<size_t>(size.shared_bytes), config.stream = stream;
  cudaLaunchAttribute early{};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  config.attrs = &early, config.numAttrs = backend.early_launch() ? 1 : 0;
  check_cuda(cudaLaunchKernelEx(&config, kernel, plan.maps, plan.jobs.as<const TileJob>(), plan.job_count, epilogue),
             "launching a kernel");
}

}  // namespace hens::engine::hopper
