// Slots: the shared memory through which a tile's accumulators go from the threads that multiply to those of the
// epilogue (epilogue.cuh), and the two sides of it.
//
// A slot holds one plane of a tile. Each epilogue thread keeps to the same eight channels (two, where they are fp32),
// neighbours to the next thread's: what they read and write of a row lies together. The same code runs on the host.
#pragma once

#include "engine/gemm/epilogue.cuh"

namespace hens::engine {

template <int kColumns, typename Element, int kThreads>
struct Slot {
  static constexpr int columns = kColumns, threads = kThreads;  // `threads`: of the epilogue
  static constexpr int width = sizeof(Element) == 2 ? 8 : 2;    // channels of a thread
  static constexpr int words = kColumns * static_cast<int>(sizeof(Element)) / 4;
  // Rows 4 words past a multiple of 8: the eight rows that a warp writes at once lie in different banks.
  static constexpr int row_bytes = 4 * (words + (12 - words % 8) % 8);
  static constexpr int bytes = tile_rows * row_bytes;
  static constexpr int chunks = kColumns / width;
  static constexpr int lanes = threads / chunks < 16 ? threads / chunks : 16;  // rows at a time; 16 divide a tile
  // Statistics are of 16-bit elements: eight values and squares a thread. Room for them in the rows of one MMA
  // warpgroup, since the other's are given back before.
  static_assert(2 * width * lanes * chunks * static_cast<int>(sizeof(float)) <= bytes / 2);
};

// All addresses in a slot are aligned to what is read or written there.
HENS_HD void store_pair(uint8_t* to, float2 v, __half) { *reinterpret_cast<uint32_t*>(to) = packed(v); }
HENS_HD void store_pair(uint8_t* to, float2 v, float) { *reinterpret_cast<float2*>(to) = v; }

HENS_HD Half8 load_accumulators(const uint8_t* from, __half) { return *reinterpret_cast<const Half8*>(from); }
HENS_HD float2 load_accumulators(const uint8_t* from, float) { return *reinterpret_cast<const float2*>(from); }

#ifdef __CUDACC__
// A chain's order in time: one thread of a block waits before the tile's operands are read, and one counts it when all
// of the block have stored it and are synchronised.
__device__ __forceinline__ void chain_wait(const uint32_t* done, const TileJob& job) {
  if (job.awaited_tiles == 0) return;
  uint32_t tiles;
  do {
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(tiles) : "l"(done + job.awaited) : "memory");
  } while (tiles < static_cast<uint32_t>(job.awaited_tiles));
}
__device__ __forceinline__ void chain_count(uint32_t* done, int counter) {
  asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(done + counter) : "memory");
}
#endif

// ---- the side of the threads that multiply ----

// A warp's accumulators to a slot: kSlices times 16 rows from `row`, kBlocks times 8 columns from `col`. mma.m16n8 and
// wgmma have the layout in common: in each block a thread holds columns 2 (lane % 4) and the next, of rows lane / 4 and
// lane / 4 + 8.
template <typename S, int kSlices, int kBlocks, typename E, typename Make>
HENS_HD void for_each_column_pair(int lane, int row, int col, const Make& make) {
  HENS_UNROLL
  for (int slice = 0; slice < kSlices; ++slice) {
    HENS_UNROLL
    for (int block = 0; block < kBlocks; ++block) {
      HENS_UNROLL
      for (int upper = 0; upper < 2; ++upper) {
        const int c = col + block * 8 + 2 * (lane % 4);
        make(((slice * kBlocks + block) * 2 + upper) * 2, c,
             (row + slice * 16 + upper * 8 + lane / 4) * S::row_bytes +
                 c * static_cast<int>(sizeof(typename E::Element)));
      }
    }
  }
}

template <typename S, int kSlices, int kBlocks, typename E>
HENS_HD void store_accumulators(const E&, uint8_t* slot, int lane, int row, int col, const float* d) {
  for_each_column_pair<S, kSlices, kBlocks, E>(lane, row, col, [&](int i, int, int offset) {
    store_pair(slot + offset, float2{d[i], d[i + 1]}, typename E::Element{});
  });
}

// The same of two accumulators at once, combined into two planes. `job_col`: the tile's first column of the output.
template <typename S, int kSlices, int kBlocks, typename E>
HENS_HD void store_accumulators(const E& epilogue, uint8_t* plane0, uint8_t* plane1, int lane, int row, int col,
                                int job_col, const float* d0, const float* d1) {
  for_each_column_pair<S, kSlices, kBlocks, E>(lane, row, col, [&](int i, int c, int offset) {
    float2 a{d0[i], d0[i + 1]}, b{d1[i], d1[i + 1]};
    epilogue.combine(job_col + c, a, b);
    store_pair(plane0 + offset, a, typename E::Element{});
    store_pair(plane1 + offset, b, typename E::Element{});
  });
}

// ---- the side of the epilogue ----

// What one thread of S::threads does of one plane of a tile. Made before the plane is there: what it prefetches is
// under way meanwhile, and stays some rows ahead.
template <typename S, typename E>
class RowEpilogue {
  using Channels = ChannelsOf<E>;
  using Prefetched = PrefetchOf<E>;
  static constexpr int ahead = 4;

 public:
  HENS_HD RowEpilogue(const E& epilogue, const TileJob& job, int plane, int thread)
      : epilogue_(epilogue),
        job_(job),
        plane_(plane),
        first_(thread / S::chunks),
        chunk_(thread % S::chunks),
        rows_(first_ < S::lanes && col() < epilogue.columns ? job.rows : 0) {
    if (rows_ == 0) return;
    channels_ = channels_of(epilogue_, job, plane, col());
    HENS_UNROLL
    for (int i = 0; i < ahead; ++i) prefetch(i, first_ + i * S::lanes);
  }

  // Whether the tile's rows may be finished one MMA warpgroup's after the other's.
  static constexpr bool by_warpgroup = tile_rows / 2 % (ahead * S::lanes) == 0;

  // Finishes the rows before `end` that are not done yet; `end` is the tile's or, if by_warpgroup, half of it.
  HENS_HD void finish(const uint8_t* slot, Statistics& statistics, int end) {
    slot += chunk_ * static_cast<int>(S::width * sizeof(typename E::Element));
    if (end > rows_) end = rows_;
    for (; first_ < end; first_ += ahead * S::lanes) {
      HENS_UNROLL
      for (int i = 0; i < ahead; ++i) {
        const int row = first_ + i * S::lanes;
        const Prefetched prefetched = prefetched_[i];
        prefetch(i, row + ahead * S::lanes);
        if (row >= rows_) continue;
        epilogue_.finish(at(row), channels_, prefetched,
                         load_accumulators(slot + row * S::row_bytes, typename E::Element{}), statistics);
      }
    }
  }

 private:
  HENS_HD int col() const { return job_.col + S::width * chunk_; }
  HENS_HD TileCoord at(int row) const { return {job_, plane_, row, col()}; }
  HENS_HD void prefetch(int i, int row) {
    if (row < rows_) prefetched_[i] = prefetch_of(epilogue_, at(row));
  }

  const E& epilogue_;
  const TileJob& job_;
  int plane_, first_, chunk_, rows_;
  Channels channels_;
  Prefetched prefetched_[ahead];
};

// The same for epilogues that take four rows at once, whose tiles have one slot a plane: of stacked tiles all planes
// and halves, of others four neighbouring rows.
template <typename S, bool kStacked, typename E>
class FourRowEpilogue {
  using Channels = ChannelsOf<E>;
  using Prefetched = PrefetchOf<E>;
  static constexpr int ahead = sizeof(Prefetched) > 16 ? 1 : 2;

 public:
  HENS_HD FourRowEpilogue(const E& epilogue, const TileJob& job, int thread)
      : epilogue_(epilogue),
        job_(job),
        first_(thread / S::chunks),
        chunk_(thread % S::chunks),
        fours_(first_ < S::lanes && col() < epilogue.columns ? (kStacked ? job.rows : job.rows / 4) : 0) {
    if (fours_ == 0) return;
    channels_ = channels_of(epilogue_, job, 0, col());
    HENS_UNROLL
    for (int i = 0; i < ahead; ++i) prefetch(i, first_ + i * S::lanes);
  }

  // As in RowEpilogue.
  static constexpr bool by_warpgroup = !kStacked && tile_rows / 2 % (4 * ahead * S::lanes) == 0;
  HENS_HD void finish(const uint8_t* slots, Statistics& statistics, int end) {
    slots += chunk_ * 16;
    if (!kStacked) end /= 4;
    if (end > fours_) end = fours_;
    for (; first_ < end; first_ += ahead * S::lanes) {
      HENS_UNROLL
      for (int i = 0; i < ahead; ++i) {
        const int four = first_ + i * S::lanes;
        const Prefetched prefetched = prefetched_[i];
        prefetch(i, four + ahead * S::lanes);
        if (four >= fours_) continue;
        Half8 acc[4];
        HENS_UNROLL
        for (int j = 0; j < 4; ++j) {
          acc[j] =
              load_accumulators(slots + (kStacked ? j % 2 * S::bytes + (four + j / 2 * (tile_rows / 2)) * S::row_bytes
                                                  : (4 * four + j) * S::row_bytes),
                                __half{});
        }
        epilogue_.finish(at(four), channels_, prefetched, acc, statistics);
      }
    }
  }

 private:
  HENS_HD int col() const { return job_.col + 8 * chunk_; }
  HENS_HD TileCoord at(int four) const { return {job_, 0, kStacked ? four : 4 * four, col()}; }
  HENS_HD void prefetch(int i, int four) {
    if (four < fours_) prefetched_[i] = prefetch_of(epilogue_, at(four));
  }

  const E& epilogue_;
  const TileJob& job_;
  int first_, chunk_, fours_;
  Channels channels_;
  Prefetched prefetched_[ahead];
};

// The threads' statistics to the job's row of the table, in a fixed order, by way of `slot`, which all have read:
// [channel of eight, value and square][lane][chunk]. Between the two parts all epilogue threads are synchronised.
template <typename S>
HENS_HD void store_statistics(float* slot, int thread, const Statistics& statistics) {
  if (thread >= S::lanes * S::chunks) return;
  HENS_UNROLL
  for (int i = 0; i < 8; ++i) {
    slot[2 * i * S::lanes * S::chunks + thread] = statistics.value.v[i];
    slot[(2 * i + 1) * S::lanes * S::chunks + thread] = statistics.square.v[i];
  }
}
template <typename S, typename E>
HENS_HD void reduce_statistics(const E& epilogue, const TileJob& job, const float* slot, int thread) {
  for (int i = thread; i < 16 * S::chunks; i += S::threads) {
    const int chunk = i % S::chunks, which = i / S::chunks, col = job.col + 8 * chunk;
    if (col >= epilogue.columns) continue;
    float total = 0;
    HENS_UNROLL
    for (int lane = 0; lane < S::lanes; ++lane) total += slot[(which * S::lanes + lane) * S::chunks + chunk];
    epilogue.partial[(static_cast<int64_t>(job.statistics_row) * epilogue.columns + col) * 2 + which] = total;
  }
}

}  // namespace hens::engine
