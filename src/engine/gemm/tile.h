// The one shape of work that a model step is made of: tiles of matrix products with something done to each tile's sums.
//
//   D0[r, n] += sum_k A_s[r, k] B_s[k, n]      over the segments s of a tile
//
// A segment has operands of its own, so one tile can add products of different matrices, or keep two accumulators that
// its epilogue combines (north and south, even and odd, real and imaginary). What a tile does is data: the jobs are
// made once, on the host, and tested there. Three sets of kernels run the same jobs and the same epilogues: wgmma with
// TMA (sm_90a), mma.sync (sm_80 and later), and plain loops on the host, which the others are tested against.
//
// This header is seen by nvcc and by the host compiler: no LibTorch, no CUDA types.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/device/host_device.h"
#include "engine/device/kernels.h"

namespace hens::engine {

constexpr int tile_rows = 128;
constexpr int tile_depth = 64;    // products along k in one stage of the pipeline
constexpr int copy_columns = 64;  // of an n-major operand, in one TMA load
constexpr int max_segments = 4;

// A tile's accumulators.
//   single   one, D0; every segment adds to it
//   dual     two: the first segment adds to D0, the second to D1
//   stacked  two again, but rows 0 .. 63 and 64 .. 127 are of different products: the former take segments 0 (D0)
//            and 1 (D1), the others 2 and 3; A brings 64 rows each. As deep: k[2] = k[0], k[3] = k[1]; exact to 16
//            products
//   complex  D0 + i D1 = (A[x2 = 0] + i A[x2 = 1]) (B[x2 = 0] + i B[x2 = 1]); one segment
enum class TileMode { single, dual, stacked, complex };

// A tensor of 16-bit floats with four dimensions, x0 contiguous. Sizes and strides in elements; strides of x1 .. x3 are
// multiples of 8 and `data` is aligned to 16 bytes. What lies outside the sizes of x0 and x1 counts as zero; where the
// size of x0 is no multiple of 8, memory goes on with zeros up to one.
struct Operand {
  const void* data = nullptr;
  std::array<int64_t, 4> size{1, 1, 1, 1};
  std::array<int64_t, 4> stride{1, 0, 0, 0};
};

// One tile of a call. With k counting from first_k, A is read at (x0 = k, x1 = a[s][0] + row, a[s][1], a[s][2]) and B
//   k-major   at (x0 = k, x1 = b[s][0] + n, b[s][1], b[s][2])
//   n-major   at (x0 = col + n, x1 = b[s][0] + k, b[s][1], b[s][2])
struct TileJob {
  int32_t a[max_segments][3];
  int32_t b[max_segments][3];
  int32_t k[max_segments];  // products along k; 0: no such segment. The first of each sum is at least 1
  int32_t first_k;          // a multiple of 8
  int32_t row, rows, col;   // of the output: first row, rows that count (1 .. 128; stacked: of each half), first column
  int32_t batch;            // for the epilogue: which of many like products this is
  int32_t statistics_row;   // of the table of partial sums, for epilogues that make them
  // In chains (epilogue.cuh) tiles of one call read what others of it have written. Each finished tile adds one to the
  // counter `done`; a tile begins when the counter `awaited` stands at `awaited_tiles`. Only earlier jobs of the list
  // are waited for.
  int32_t done, awaited, awaited_tiles;
};

// Hopper's blocks work in pairs, a cluster, on two jobs that read the same part of one operand: each block loads half
// of it and multicasts that to both, which saves a fourth to a third of the traffic from the L2 cache. Which operand:
enum class Multicast { a, b };

// Kinds of tiles, and their columns, by what a set of kernels takes (device/kernels.h).
template <TileMode kMode, bool kNMajor, Multicast kMulticast, int kWideColumns, int kNarrowColumns>
struct TileShape {
  static constexpr TileMode mode = kMode;
  static constexpr bool n_major = kNMajor;  // of B; else k-major
  static constexpr Multicast multicast = kMulticast;
  static constexpr int wide_columns = kWideColumns, narrow_columns = kNarrowColumns;
  // Segments that a tile may go through; stacked: each half of the rows.
  static constexpr int segments = mode == TileMode::single ? 3 : mode == TileMode::complex ? 1 : 2;
  static constexpr int columns(Kernels kernels) {
    return kernel_set(kernels).wide_tiles ? wide_columns : narrow_columns;
  }
};

// Two layers in one call (epilogue.cuh): tiles with a first segment have the first's shape, the others the
// second's. `kSegments`: of both together.
template <typename First, typename Second, int kSegments>
struct ChainShape {};

// Both of a chain, and twice the same of others.
template <typename Shape>
struct LayersOf {
  using First = Shape;
  using Second = Shape;
  static constexpr int segments = Shape::segments;
};
template <typename A, typename B, int kSegments>
struct LayersOf<ChainShape<A, B, kSegments>> {
  using First = A;
  using Second = B;
  static constexpr int segments = kSegments;
  static_assert(segments <= max_segments);
  static_assert(A::mode == TileMode::single && B::mode == TileMode::single && A::multicast == B::multicast);
};
HENS_HD bool in_second_layer(const TileJob& job) { return job.k[0] == 0; }

}  // namespace hens::engine
