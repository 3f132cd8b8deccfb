// What an epilogue must offer: a struct that says what is done to a tile's accumulators on their way to memory. One
// struct a phase, the same code on every set of kernels and on the host.
//
// In two halves. The threads that multiply (on Hopper: the MMA warpgroups) hold two neighbouring columns of a row: they
// `combine` the tile's two accumulators into the two planes that leave it (north and south, sum and difference, ...),
// round and store them in a slot of shared memory. The epilogue's threads (on Hopper: warps of their own, so that the
// next tile's products go on meanwhile) load them from there, eight channels of a row at a time, and `finish`: norm,
// activation, residual, and 16 bytes stored.
//
// An epilogue has
//   Tiles                         the TileShape whose tiles it finishes
//   Element                       what the slot holds of the accumulators: __half, or float where 16 bits do not
//                                 suffice; those are finished two channels at a time
//   columns                       of the output; what lies beyond is not finished
//   finish(at, channels, prefetched, acc, statistics)
//                                 `acc`: the accumulators, Half8 of one row; Half8[4] with four_rows; or float2
// and where it needs them
//   combine(col, d0, d1)          in place; needed where Tiles has two accumulators. Two columns from `col`, up to the
//                                 end of the last tile, which may lie beyond the epilogue's own
//   channels(job, plane, col)     what it needs of eight channels, read once for all rows of a plane
//   prefetch(at)                  what it reads from memory beside the accumulators of a row, some rows ahead
//   four_rows = true              takes four rows of accumulators at once and stores four: rows that neighbour in the
//                                 tile or, of stacked tiles, both planes of both halves
//   statistics = true             sums values and squares by channel into
//   partial                       [job.statistics_row][column][value, square]
// It goes to the kernel as an argument, so it is trivially copyable. The concept Epilogue below holds it to all that.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "engine/gemm/tile.h"
#include "engine/gemm/vectors.cuh"

namespace hens::engine {

struct Statistics {  // of eight channels over rows
  Float8 value{}, square{};
};

struct Nothing {};

// Where a row's eight channels are: in plane 0 or 1 of a job, row of the job (less than job.rows), column of the output
// (less than the epilogue's columns).
struct TileCoord {
  const TileJob& job;
  int plane, row, col;
};

HENS_HD void add_to(Statistics& statistics, const Float8& a) {
  HENS_UNROLL
  for (int i = 0; i < 8; ++i) statistics.value.v[i] += a.v[i], statistics.square.v[i] += a.v[i] * a.v[i];
}

template <typename E>
inline constexpr bool takes_four_rows = requires { E::four_rows; };

template <typename E>
HENS_HD auto channels_of(const E& epilogue, const TileJob& job, int plane, int col) {
  if constexpr (requires { epilogue.channels(job, plane, col); }) {
    return epilogue.channels(job, plane, col);
  } else {
    return Nothing{};
  }
}
template <typename E>
using ChannelsOf = decltype(channels_of(std::declval<const E&>(), std::declval<const TileJob&>(), 0, 0));

template <typename E>
HENS_HD auto prefetch_of(const E& epilogue, const TileCoord& at) {
  if constexpr (requires { epilogue.prefetch(at); }) {
    return epilogue.prefetch(at);
  } else {
    return Nothing{};
  }
}
template <typename E>
using PrefetchOf = decltype(prefetch_of(std::declval<const E&>(), std::declval<const TileCoord&>()));

template <typename E>
using AccumulatorsOf =
    std::conditional_t<takes_four_rows<E>, Half8[4],
                       std::conditional_t<std::is_same_v<typename E::Element, float>, float2, Half8>>;

template <typename E>
concept Epilogue =
    std::is_trivially_copyable_v<E> &&
    (std::same_as<typename E::Element, __half> || (std::same_as<typename E::Element, float> && !takes_four_rows<E>)) &&
    requires(const E& e, const TileCoord& at, const AccumulatorsOf<E>& acc, Statistics& statistics) {
      { E::statistics } -> std::convertible_to<bool>;
      { e.columns } -> std::convertible_to<int>;
      { e.finish(at, std::declval<ChannelsOf<E>>(), std::declval<PrefetchOf<E>>(), acc, statistics) };
    } && (E::Tiles::mode == TileMode::single || requires(const E& e, float2& d) { e.combine(0, d, d); }) &&
    (!E::statistics || requires(const E& e) {
      { e.partial } -> std::convertible_to<float*>;
    });

// Two layers in one call, known as back-to-back GEMMs: tiles with a first segment are the first layer's, the others the
// second's, which reads what the first has written some moments ago. So one launch does for all, in the memory of a
// small ring of rows; and as far as the cache holds the ring and what streams past it meanwhile, that never goes
// through memory. `done`: the jobs' counters, zeros at launch. `kSegments`: of both layers together.
//
// Why it ends, and right: a job waits for earlier ones of the list alone, and a block takes its jobs in the order of
// the list; so the first unfinished job can always go on, provided that all blocks of the launch run at one time. They
// do where a process has the card's multiprocessors for itself, so not beside another one under MPS. A ring's rows are
// written again when all their readers have counted; the second layer may overwrite the first's input in place, since a
// row's second layer awaits all of its first. Of a pair of jobs that share an operand both count at one counter and
// await one; the partner without rows may read what is stale, for its result is dropped.
template <Epilogue A, Epilogue B, int kSegments>
struct Chain {
  using First = A;
  using Second = B;
  using Tiles = ChainShape<typename A::Tiles, typename B::Tiles, kSegments>;
  A first;
  B second;
  uint32_t* done;
};
template <typename E>
inline constexpr bool is_chain = requires(const E& epilogue) { epilogue.second; };

// What a call of tiles may end with.
template <typename E>
concept TileEpilogue = Epilogue<E> || (is_chain<E> && Epilogue<typename E::First> && Epilogue<typename E::Second>);

// The epilogues' types: both of a chain, twice the same of others.
template <typename E>
struct EpiloguesOf {
  using First = E;
  using Second = E;
};
template <typename A, typename B, int kSegments>
struct EpiloguesOf<Chain<A, B, kSegments>> {
  using First = A;
  using Second = B;
};

template <typename E>
HENS_HD const typename EpiloguesOf<E>::First& first_layer(const E& epilogue) {
  if constexpr (is_chain<E>) {
    return epilogue.first;
  } else {
    return epilogue;
  }
}

// use(epilogue, tile shape), those of the job's layer
template <typename Shape, typename E, typename Use>
HENS_HD void with_layer(const E& epilogue, const TileJob& job, const Use& use) {
  if constexpr (is_chain<E>) {
    if (in_second_layer(job)) {
      use(epilogue.second, typename LayersOf<Shape>::Second{});
    } else {
      use(epilogue.first, typename LayersOf<Shape>::First{});
    }
  } else {
    use(epilogue, Shape{});
  }
}

}  // namespace hens::engine
