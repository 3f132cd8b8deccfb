#include "engine/sfno/fields.h"

#include <cmath>

#include <cuda_runtime.h>

#include "engine/sfno/quads.h"

namespace hens::engine {
namespace {

constexpr int block_threads = 256;

template <typename Work>
__global__ void elementwise(int64_t count, const __grid_constant__ Work work) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * block_threads + threadIdx.x;
  if (i < count) work(i);
}

// work(0) .. work(count - 1), each on its own.
template <typename Work>
void for_each(const Backend& backend, int64_t count, const Work& work) {
  if (!backend.on_gpu()) {
    for (int64_t i = 0; i < count; ++i) work(i);
    return;
  }
  const auto blocks = static_cast<unsigned>((count + block_threads - 1) / block_threads);
  elementwise<<<blocks, block_threads, 0, static_cast<cudaStream_t>(backend.stream())>>>(count, work);
  check_cuda(cudaGetLastError(), "launching a kernel");
}

struct Split {
  __half high, low;
};
HENS_HD Split split(float value) {
  const __half high = __float2half_rn(value);
  return {high, __float2half_rn(value - __half2float(high))};
}

HENS_HD float rounded_product_and_sum(float a, float b, float c) {
#ifdef __CUDA_ARCH__
  return __fadd_rn(a, __fmul_rn(b, c));
#else
  const volatile float product = b * c;
  return a + product;
#endif
}

// Where rows of the engine's order are on the grid, and back.
struct GridRows {
  int nlat, half;
  HENS_HD int of_latitude() const { return 4 * quads_of(half); }
  HENS_HD int64_t count() const { return static_cast<int64_t>(nlat) * of_latitude(); }
  HENS_HD int64_t points() const { return static_cast<int64_t>(nlat) * 2 * half; }
  HENS_HD int lat(int64_t row) const { return static_cast<int>(row / of_latitude()); }
  HENS_HD int lon(int64_t row) const {
    const int in = static_cast<int>(row % of_latitude());
    return longitude_of(in / 4, in % 4, half);
  }
  HENS_HD int64_t point(int64_t row) const { return static_cast<int64_t>(lat(row)) * 2 * half + lon(row); }
  HENS_HD int64_t row(int64_t point) const {
    const int64_t lat = point / (2 * half);
    return lat * of_latitude() + in_quads(static_cast<int>(point - lat * 2 * half), half);
  }
};

struct Normalise {
  float* state;
  const float* physical;
  Scaling scaling;
  GridRows rows;
  int first, channels, state_width;
  HENS_HD void operator()(int64_t i) const {
    const int64_t row = i / channels;
    const int c = static_cast<int>(i - row * channels);
    state[row * state_width + first + c] =
        (physical[c * rows.points() + rows.point(row)] - scaling.mean[first + c]) / scaling.std[first + c];
  }
};

struct Denormalise {
  float* physical;
  const float* state;
  Scaling scaling;
  const int* selected;
  GridRows rows;
  int state_width;
  HENS_HD void operator()(int64_t i) const {
    const int64_t which = i / rows.points(), row = rows.row(i - which * rows.points());
    const int c = selected[which];
    physical[i] = rounded_product_and_sum(scaling.mean[c], state[row * state_width + c], scaling.std[c]);
  }
};

// The same on a GPU, a tile of some quads of a latitude and some of the selected channels at a time: read along the
// rows of the state, in whose memory sectors several channels lie, and written along the longitudes.
constexpr int tile_quads = 32, tile_channels = 32, tile_rows = 4 * tile_quads;

__global__ void denormalise_tiles(const __grid_constant__ Denormalise work, int selected) {
  __shared__ float values[tile_channels][tile_rows + 1];  // [channel][point of the quad][quad]
  const GridRows& rows = work.rows;
  const int quads = quads_of(rows.half), tiles = (quads + tile_quads - 1) / tile_quads;
  const int lat = static_cast<int>(blockIdx.x) / tiles, quad0 = (static_cast<int>(blockIdx.x) % tiles) * tile_quads;
  const int first = static_cast<int>(blockIdx.y) * tile_channels, channels = min(tile_channels, selected - first);
  const int64_t row0 = static_cast<int64_t>(lat) * rows.of_latitude() + 4 * quad0;
  const int rows_here = 4 * min(tile_quads, quads - quad0);
  for (int i = static_cast<int>(threadIdx.x); i < rows_here * channels; i += block_threads) {
    const int row = i / channels, k = i - row * channels;
    values[k][row % 4 * tile_quads + row / 4] = work.state[(row0 + row) * work.state_width + work.selected[first + k]];
  }
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < tile_rows * channels; i += block_threads) {
    const int k = i / tile_rows, in = i % tile_rows, of_quad = in / tile_quads, quad = quad0 + in % tile_quads;
    if (quad >= quads || (of_quad >= 2 && has_two_points(quad, rows.half))) continue;
    const int c = work.selected[first + k];
    const int64_t point = static_cast<int64_t>(lat) * 2 * rows.half + longitude_of(quad, of_quad, rows.half);
    work.physical[(first + k) * rows.points() + point] =
        rounded_product_and_sum(work.scaling.mean[c], values[k][in], work.scaling.std[c]);
  }
}

struct SetInput {
  __half* input;
  const float* state;
  int state_width, input_width;
  HENS_HD void operator()(int64_t i) const {
    const int64_t row = i / state_width;
    const int c = static_cast<int>(i - row * state_width);
    const Split s = split(state[i]);
    __half* to = input + row * 2 * input_width + c;
    to[0] = s.high, to[input_width] = s.low;
  }
};

struct SetSun {
  __half* input;
  const float *constant, *amplitude, *cosine;
  GridRows rows;
  int channel, input_width;
  HENS_HD void operator()(int64_t row) const {
    const int lat = rows.lat(row), lon = rows.lon(row);
    const Split s = split(rounded_product_and_sum(constant[lat], amplitude[lat], cosine[lon]));
    __half* to = input + row * 2 * input_width + channel;
    to[0] = s.high, to[input_width] = s.low;
  }
};

struct FuseWeights {
  __half* fused;
  const float* weight;
  const float* scale;
  int width;
  HENS_HD void operator()(int64_t i) const { fused[i] = __float2half_rn(weight[i] * scale[i % width]); }
};

struct FuseConstant {
  float* constant;
  const float *weight, *bias, *shift;
  int width;
  HENS_HD float term(int o, int c) const { return weight[static_cast<int64_t>(o) * width + c] * shift[c]; }
};

// One warp an output.
__global__ void fuse_constant_kernel(const FuseConstant fuse) {
  const int o = blockIdx.x, lane = threadIdx.x;
  float sum = 0;
  for (int c = lane; c < fuse.width; c += 32) sum += fuse.term(o, c);
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, distance);
  if (lane == 0) fuse.constant[o] = fuse.bias[o] + sum;
}

struct Moments {
  double value = 0, square = 0;
};

// Channel c's sums in row `row` of a table of partial sums.
struct FieldRows {
  const float* partial;
  int rows, width;
  HENS_HD Moments operator()(int row, int c) const {
    const float* sums = partial + (static_cast<int64_t>(row) * width + c) * 2;
    return {sums[0], sums[1]};
  }
};

struct SpectralRows {
  const float* partial;
  int rows, width, tiles, nyquist;
  HENS_HD Moments operator()(int row, int c) const {
    const int order = row / tiles;
    const float* re = partial + (static_cast<int64_t>(row) * 2 * width + c) * 2;
    if (order == 0) return {re[0], re[1]};
    if (order == nyquist) return {0, re[1]};
    return {0, 2.0 * (static_cast<double>(re[1]) + re[2 * width + 1])};
  }
};

struct NormOf {
  float *scale, *shift;
  NormWeights norm;
  double count;  // what the value's and the square's sums are over
  HENS_HD void operator()(int c, Moments sums) const {
    const double mean = sums.value / count, variance = fmax(sums.square / count - mean * mean, 0.0);
    const double gain = norm.weight[c] / sqrt(variance + norm.epsilon);
    scale[c] = static_cast<float>(gain);
    shift[c] = static_cast<float>(norm.bias[c] - mean * gain);
  }
};

constexpr int norm_columns = 4, norm_lanes = 256;

// A block sums four channels, a sector of 32 bytes a row, with 256 threads each; always in the same order.
template <typename Rows>
__global__ void norm_kernel(const Rows rows, const NormOf finish) {
  __shared__ Moments sums[norm_lanes][norm_columns];
  const int column = threadIdx.x % norm_columns, lane = threadIdx.x / norm_columns;
  const int c = blockIdx.x * norm_columns + column;
  Moments mine;
  for (int row = lane; row < rows.rows && c < rows.width; row += norm_lanes) {
    const Moments more = rows(row, c);
    mine.value += more.value, mine.square += more.square;
  }
  sums[lane][column] = mine;
  for (int half = norm_lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane >= half) continue;
    Moments& to = sums[lane][column];
    const Moments& other = sums[lane + half][column];
    to.value += other.value, to.square += other.square;
  }
  if (lane == 0 && c < rows.width) finish(c, sums[0][column]);
}

template <typename Rows>
void norm_of(const Backend& backend, const Rows& rows, const NormOf& finish) {
  if (backend.on_gpu()) {
    const int blocks = (rows.width + norm_columns - 1) / norm_columns;
    norm_kernel<<<blocks, norm_columns * norm_lanes, 0, static_cast<cudaStream_t>(backend.stream())>>>(rows, finish);
    check_cuda(cudaGetLastError(), "launching a kernel");
    return;
  }
  for (int c = 0; c < rows.width; ++c) {
    Moments sums;
    for (int row = 0; row < rows.rows; ++row) {
      const Moments more = rows(row, c);
      sums.value += more.value, sums.square += more.square;
    }
    finish(c, sums);
  }
}

}  // namespace

void normalise(const Backend& backend, const StateRows& state, const float* physical, ChannelRange channels,
               const Scaling& scaling) {
  const GridRows rows{state.nlat, state.nlon / 2};
  for_each(backend, rows.count() * channels.count,
           Normalise{state.values, physical, scaling, rows, channels.first, channels.count, state.width});
}

void denormalise(const Backend& backend, float* physical, const StateRows& state, const ChannelSelection& selected,
                 const Scaling& scaling) {
  const GridRows rows{state.nlat, state.nlon / 2};
  const Denormalise work{physical, state.values, scaling, selected.channels, rows, state.width};
  if (!backend.on_gpu()) return for_each(backend, rows.points() * selected.count, work);
  if (selected.count == 0) return;
  const auto tiles = static_cast<unsigned>((quads_of(rows.half) + tile_quads - 1) / tile_quads * rows.nlat);
  const auto groups = static_cast<unsigned>((selected.count + tile_channels - 1) / tile_channels);
  denormalise_tiles<<<dim3(tiles, groups), block_threads, 0, static_cast<cudaStream_t>(backend.stream())>>>(
      work, selected.count);
  check_cuda(cudaGetLastError(), "launching a kernel");
}

void set_input(const Backend& backend, const InputRows& input, const StateRows& state) {
  const GridRows rows{state.nlat, state.nlon / 2};
  for_each(backend, rows.count() * state.width, SetInput{input.values, state.values, state.width, input.width});
}

void set_sun(const Backend& backend, const InputRows& input, int channel, const SunTables& sun) {
  const GridRows rows{sun.nlat, sun.nlon / 2};
  for_each(backend, rows.count(),
           SetSun{input.values, sun.constant, sun.amplitude, sun.cosine, rows, channel, input.width});
}

void field_norm(const Backend& backend, const AffineOut& map, const FieldSums& sums, const NormWeights& norm) {
  norm_of(backend, FieldRows{sums.partial, sums.tiles, sums.width},
          NormOf{map.scale, map.shift, norm, static_cast<double>(sums.points)});
}

void spectral_norm(const Backend& backend, const AffineOut& map, const SpectralSums& sums, const NormWeights& norm) {
  norm_of(backend, SpectralRows{sums.partial, sums.orders * sums.tiles, sums.width, sums.tiles, sums.nyquist},
          NormOf{map.scale, map.shift, norm, static_cast<double>(sums.nlat)});
}

void fuse_norm(const Backend& backend, const FusedLayer& fused, const LayerWeights& layer, const Affine& norm) {
  for_each(backend, static_cast<int64_t>(layer.outputs) * layer.width,
           FuseWeights{fused.weight, layer.weight, norm.scale, layer.width});
  const FuseConstant fuse{fused.constant, layer.weight, layer.bias, norm.shift, layer.width};
  if (backend.on_gpu()) {
    fuse_constant_kernel<<<layer.outputs, 32, 0, static_cast<cudaStream_t>(backend.stream())>>>(fuse);
    check_cuda(cudaGetLastError(), "launching a kernel");
    return;
  }
  for (int o = 0; o < layer.outputs; ++o) {
    float sum = 0;
    for (int c = 0; c < layer.width; ++c) sum += fuse.term(o, c);
    fused.constant[o] = layer.bias[o] + sum;
  }
}

}  // namespace hens::engine
