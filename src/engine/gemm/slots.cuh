// The shared memory between those who multiply and those who finish (epilogues.cuh), and the two sides of it.
//
// A slot holds one plane of a tile. Those who finish it always keep to the same eight channels each (two, where they
// are fp32), neighbours to the next: what they read and write of a row lies together. The same code runs on the host.
#pragma once

#include <utility>

#include "engine/sfno/epilogues.cuh"

namespace hens::engine {

template <int kColumns, typename Staged, int kThreads>
struct Slot {
  static constexpr int columns = kColumns, threads = kThreads;  // `threads`: that finish
  static constexpr int width = sizeof(Staged) == 2 ? 8 : 2;     // channels of a thread
  static constexpr int words = kColumns * static_cast<int>(sizeof(Staged)) / 4;
  // Rows 4 words past a multiple of 8: the eight rows that a warp writes at once lie in different banks.
  static constexpr int row_bytes = 4 * (words + (12 - words % 8) % 8);
  static constexpr int bytes = tile_rows * row_bytes;
  static constexpr int chunks = kColumns / width;
  static constexpr int lanes = threads / chunks < 16 ? threads / chunks : 16;  // rows at a time; 16 divide a tile
  // Statistics are of halves: eight values and squares a thread.
  // Room for sums, in one warpgroup's half of the rows where the other's is given back before.
  static_assert(2 * width * lanes * chunks * static_cast<int>(sizeof(float)) <= bytes / 2);
};

// All places in a slot are aligned to what is read or written there.
HENS_HD void stage(uint8_t* at, float2 v, __half) { *reinterpret_cast<uint32_t*>(at) = packed(v); }
HENS_HD void stage(uint8_t* at, float2 v, float) { *reinterpret_cast<float2*>(at) = v; }

HENS_HD EightHalves staged_at(const uint8_t* at, __half) { return *reinterpret_cast<const EightHalves*>(at); }
HENS_HD float2 staged_at(const uint8_t* at, float) { return *reinterpret_cast<const float2*>(at); }

#ifdef __CUDACC__
// A chain's order in time: one thread of a block waits before the tile's operands are read, and one counts it when all
// of the block have stored it and met.
__device__ __forceinline__ void chain_wait(const uint32_t* done, const TileJob& job) {
  if (job.awaited_tiles == 0) return;
  uint32_t tiles;
  do {
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(tiles) : "l"(done + job.awaited) : "memory");
  } while (tiles < static_cast<uint32_t>(job.awaited_tiles));
}
__device__ __forceinline__ void chain_count(uint32_t* done, int at) {
  asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(done + at) : "memory");
}
#endif

// ---- those who multiply ----

// A warp's sums to a slot: kSlices times 16 rows from `row`, kBlocks times 8 columns from `col`. mma.m16n8 and wgmma
// have the layout in common: in each block a thread holds columns 2 (lane % 4) and the next, of rows lane / 4 and lane
// / 4 + 8.
template <typename S, int kSlices, int kBlocks, typename Epilogue, typename Make>
HENS_HD void for_each_pair(int lane, int row, int col, const Make& make) {
  HENS_UNROLL
  for (int slice = 0; slice < kSlices; ++slice) {
    HENS_UNROLL
    for (int block = 0; block < kBlocks; ++block) {
      HENS_UNROLL
      for (int upper = 0; upper < 2; ++upper) {
        const int c = col + block * 8 + 2 * (lane % 4);
        make(((slice * kBlocks + block) * 2 + upper) * 2, c,
             (row + slice * 16 + upper * 8 + lane / 4) * S::row_bytes +
                 c * static_cast<int>(sizeof(typename Epilogue::Staged)));
      }
    }
  }
}

template <typename S, int kSlices, int kBlocks, typename Epilogue>
HENS_HD void leave(const Epilogue&, uint8_t* slot, int lane, int row, int col, const float* d) {
  for_each_pair<S, kSlices, kBlocks, Epilogue>(lane, row, col, [&](int i, int, int at) {
    stage(slot + at, float2{d[i], d[i + 1]}, typename Epilogue::Staged{});
  });
}

// The same of two sums at once, combined into two planes. `job_col`: the tile's first column of the output.
template <typename S, int kSlices, int kBlocks, typename Epilogue>
HENS_HD void leave(const Epilogue& epilogue, uint8_t* plane0, uint8_t* plane1, int lane, int row, int col, int job_col,
                   const float* d0, const float* d1) {
  for_each_pair<S, kSlices, kBlocks, Epilogue>(lane, row, col, [&](int i, int c, int at) {
    float2 a{d0[i], d0[i + 1]}, b{d1[i], d1[i + 1]};
    epilogue.combine(job_col + c, a, b);
    stage(plane0 + at, a, typename Epilogue::Staged{});
    stage(plane1 + at, b, typename Epilogue::Staged{});
  });
}

// ---- those who finish ----

template <typename Epilogue>
HENS_HD auto channels_of(const Epilogue& epilogue, const TileJob& job, int plane, int col) {
  if constexpr (requires { epilogue.channels(job, plane, col); }) {
    return epilogue.channels(job, plane, col);
  } else {
    return Nothing{};
  }
}

template <typename Epilogue>
HENS_HD auto beside_of(const Epilogue& epilogue, const Place& place) {
  if constexpr (requires { epilogue.beside(place); }) {
    return epilogue.beside(place);
  } else {
    return Nothing{};
  }
}

// What one thread of S::threads does of one plane of a tile. Made before the plane is there: what is read beside it is
// under way meanwhile, and stays some rows ahead.
template <typename S, typename Epilogue>
class Finisher {
  using Channels = decltype(channels_of(std::declval<const Epilogue&>(), std::declval<const TileJob&>(), 0, 0));
  using Beside = decltype(beside_of(std::declval<const Epilogue&>(), std::declval<const Place&>()));
  static constexpr int ahead = 4;

 public:
  HENS_HD Finisher(const Epilogue& epilogue, const TileJob& job, int plane, int thread)
      : epilogue_(epilogue),
        job_(job),
        plane_(plane),
        first_(thread / S::chunks),
        chunk_(thread % S::chunks),
        rows_(first_ < S::lanes && col() < epilogue.columns ? job.rows : 0) {
    if (rows_ == 0) return;
    channels_ = channels_of(epilogue_, job, plane, col());
    HENS_UNROLL
    for (int i = 0; i < ahead; ++i) read(i, first_ + i * S::lanes);
  }

  // Whether the tile's rows may be finished in two halves.
  static constexpr bool in_halves = tile_rows / 2 % (ahead * S::lanes) == 0;

  // Those before row `end` of the tile that are not done yet; `end` is the tile's or, if in_halves, half of it.
  HENS_HD void finish(const uint8_t* slot, Sums& sums, int end) {
    slot += chunk_ * static_cast<int>(S::width * sizeof(typename Epilogue::Staged));
    if (end > rows_) end = rows_;
    for (; first_ < end; first_ += ahead * S::lanes) {
      HENS_UNROLL
      for (int i = 0; i < ahead; ++i) {
        const int row = first_ + i * S::lanes;
        const Beside beside = beside_[i];
        read(i, row + ahead * S::lanes);
        if (row >= rows_) continue;
        epilogue_.finish(at(row), channels_, beside, staged_at(slot + row * S::row_bytes, typename Epilogue::Staged{}),
                         sums);
      }
    }
  }

 private:
  HENS_HD int col() const { return job_.col + S::width * chunk_; }
  HENS_HD Place at(int row) const { return {job_, plane_, row, col()}; }
  HENS_HD void read(int i, int row) {
    if (row < rows_) beside_[i] = beside_of(epilogue_, at(row));
  }

  const Epilogue& epilogue_;
  const TileJob& job_;
  int plane_, first_, chunk_, rows_;
  Channels channels_;
  Beside beside_[ahead];
};

// The same for epilogues that take four at once, whose tiles have one slot a plane: of twin tiles all planes and
// halves, of others four neighbouring rows.
template <typename S, bool kTwin, typename Epilogue>
class FinisherOfFour {
  using Channels = decltype(channels_of(std::declval<const Epilogue&>(), std::declval<const TileJob&>(), 0, 0));
  using Beside = decltype(beside_of(std::declval<const Epilogue&>(), std::declval<const Place&>()));
  static constexpr int ahead = sizeof(Beside) > 16 ? 1 : 2;

 public:
  HENS_HD FinisherOfFour(const Epilogue& epilogue, const TileJob& job, int thread)
      : epilogue_(epilogue),
        job_(job),
        first_(thread / S::chunks),
        chunk_(thread % S::chunks),
        fours_(first_ < S::lanes && col() < epilogue.columns ? (kTwin ? job.rows : job.rows / 4) : 0) {
    if (fours_ == 0) return;
    channels_ = channels_of(epilogue_, job, 0, col());
    HENS_UNROLL
    for (int i = 0; i < ahead; ++i) read(i, first_ + i * S::lanes);
  }

  // As those of Finisher.
  static constexpr bool in_halves = !kTwin && tile_rows / 2 % (4 * ahead * S::lanes) == 0;
  HENS_HD void finish(const uint8_t* slots, Sums& sums, int end) {
    slots += chunk_ * 16;
    if (!kTwin) end /= 4;
    if (end > fours_) end = fours_;
    for (; first_ < end; first_ += ahead * S::lanes) {
      HENS_UNROLL
      for (int i = 0; i < ahead; ++i) {
        const int four = first_ + i * S::lanes;
        const Beside beside = beside_[i];
        read(i, four + ahead * S::lanes);
        if (four >= fours_) continue;
        EightHalves staged[4];
        HENS_UNROLL
        for (int j = 0; j < 4; ++j) {
          staged[j] = staged_at(slots + (kTwin ? j % 2 * S::bytes + (four + j / 2 * (tile_rows / 2)) * S::row_bytes
                                               : (4 * four + j) * S::row_bytes),
                                __half{});
        }
        epilogue_.finish(at(four), channels_, beside, staged, sums);
      }
    }
  }

 private:
  HENS_HD int col() const { return job_.col + 8 * chunk_; }
  HENS_HD Place at(int four) const { return {job_, 0, kTwin ? four : 4 * four, col()}; }
  HENS_HD void read(int i, int four) {
    if (four < fours_) beside_[i] = beside_of(epilogue_, at(four));
  }

  const Epilogue& epilogue_;
  const TileJob& job_;
  int first_, chunk_, fours_;
  Channels channels_;
  Beside beside_[ahead];
};

// The threads' sums to the job's row of the table, in a fixed order, by way of `room`: a slot that all have read,
// [channel of eight, value and square][lane][chunk]. Between the two parts all threads meet.
template <typename S>
HENS_HD void leave_sums(float* room, int thread, const Sums& sums) {
  if (thread >= S::lanes * S::chunks) return;
  HENS_UNROLL
  for (int i = 0; i < 8; ++i) {
    room[2 * i * S::lanes * S::chunks + thread] = sums.value.v[i];
    room[(2 * i + 1) * S::lanes * S::chunks + thread] = sums.square.v[i];
  }
}
template <typename S, typename Epilogue>
HENS_HD void finish_sums(const Epilogue& epilogue, const TileJob& job, const float* room, int thread) {
  for (int i = thread; i < 16 * S::chunks; i += S::threads) {
    const int chunk = i % S::chunks, which = i / S::chunks, col = job.col + 8 * chunk;
    if (col >= epilogue.columns) continue;
    float total = 0;
    HENS_UNROLL
    for (int lane = 0; lane < S::lanes; ++lane) total += room[(which * S::lanes + lane) * S::chunks + chunk];
    epilogue.partial[(static_cast<int64_t>(job.statistics) * epilogue.columns + col) * 2 + which] = total;
  }
}

}  // namespace hens::engine
