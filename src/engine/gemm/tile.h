// The one shape of work that a model step is made of: tiles of matrix products with something done to each tile's sums.
//
//   D0[r, n] += sum_k A_s[r, k] B_s[k, n]      over the segments s of a tile
//
// A segment has operands of its own, so one tile can add products of different matrices, or keep two or three sums that
// its epilogue combines (north and south, even and odd, real and imaginary). What a tile does is data: the jobs are
// made once, on the host, and tested there. Three backends run the same jobs and the same epilogues: wgmma with bulk
// tensor copies (sm_90a), mma.sync (sm_80 and later), and plain loops on the host, which the others are tested against.
//
// This header is seen by nvcc and by the host compiler: no LibTorch, no CUDA types.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/device/host_device.h"

namespace hens::engine {

enum class Kernels { hopper, ampere, host };

constexpr int tile_rows = 128;
constexpr int tile_depth = 64;    // products along k per stage of the pipeline
constexpr int copy_columns = 64;  // of an n-major operand that one bulk copy brings
constexpr int max_segments = 4;

// What a tile's sums are.
//   single   one sum; every segment adds to it
//   dual     two sums: the first segment adds to D0, the second to D1
//   twin     two sums again, but rows 0 .. 63 and 64 .. 127 are of different products: the former take segments 0 (D0)
//            and 1 (D1), the others 2 and 3; A brings 64 rows each. As deep: k[2] = k[0], k[3] = k[1]; exact to 16
//            products
//   complex  D0 + i D1 = (A[x2 = 0] + i A[x2 = 1]) (B[x2 = 0] + i B[x2 = 1]); one segment
enum class TileMode { single, dual, twin, complex };

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
  int32_t row, rows, col;   // of the output: first row, rows that count (1 .. 128; twin: of each half), first column
  int32_t plane;            // for the epilogue
  int32_t statistics;       // row of the table of partial sums, for epilogues that make them
  // In chains (epilogues.cuh) tiles of one call read what others of it have written. Each finished tile counts at
  // `done`; a tile begins when `awaited_tiles` have counted at `awaited`. Only earlier jobs of the list are waited for.
  int32_t done, awaited, awaited_tiles;
};

// Hopper's blocks work in pairs on two jobs that read one operand at the same place: each block brings half of it to
// both, and a fourth to a third of the traffic from the L2 cache is saved.
enum class Shared { a, b };

// Kinds of tiles, and their columns by backend.
template <TileMode kMode, bool kNMajor, Shared kShared, int kHopperColumns, int kAmpereColumns>
struct TileShape {
  static constexpr TileMode mode = kMode;
  static constexpr bool n_major = kNMajor;
  static constexpr Shared shared = kShared;
  static constexpr int hopper_columns = kHopperColumns, ampere_columns = kAmpereColumns;
  // Segments that a tile may go through; twin: each half of the rows.
  static constexpr int segments = mode == TileMode::single ? 3 : mode == TileMode::complex ? 1 : 2;
  static constexpr int columns(Kernels kernels) { return kernels == Kernels::hopper ? hopper_columns : ampere_columns; }
};

// Two layers in one call (kernels/epilogues.cuh): tiles with a first segment have the first's shape, the others the
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
  static_assert(A::mode == TileMode::single && B::mode == TileMode::single && A::shared == B::shared);
};
HENS_HD bool in_second_layer(const TileJob& job) { return job.k[0] == 0; }

// Columns for HENS' 620 channels: three of 208 are 624, six of 104 as well.
namespace shapes {
using Pointwise = TileShape<TileMode::single, false, Shared::b, 208, 128>;  // 1x1 convolutions
// As a chain's second layer: half of the first's columns on Hopper.
using State = TileShape<TileMode::single, false, Shared::b, 104, 80>;  // 1x1 convolutions to few channels
using Fourier = TileShape<TileMode::twin, true, Shared::a, 128, 64>;
using Legendre = TileShape<TileMode::dual, true, Shared::a, 128, 64>;
using Mixing = TileShape<TileMode::complex, false, Shared::a, 104, 64>;  // the spectral convolution
using Mlp = ChainShape<Pointwise, Pointwise, 2>;
using Decoder = ChainShape<Pointwise, State, 4>;
}  // namespace shapes

}  // namespace hens::engine
