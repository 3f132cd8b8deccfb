// The engine's small work on whole fields: in and out of the normalised state, the sun, instance-norm statistics.
//
// Pointers are the backend's memory; everything is ordered with its stream. A `point` counts from the north, longitude
// inside; a `row` is of the engine's own order (quads.h), in which some points come twice. Shapes beside each argument,
// x0 last.
#pragma once

#include <cstdint>

#include <cuda_fp16.h>

#include "engine/device/backend.h"
#include "engine/sfno/epilogues.cuh"

namespace hens::engine {

// Whether this program's kernels run on the current device: it has their machine code, or the driver can make it.
bool have_code();

struct Scaling {  // z-scores: [channel] each
  const float* mean = nullptr;
  const float* std = nullptr;
};

// state[row][first + c] = (physical[c][point] - mean) / std, for `channels` channels from `first`
void normalise(const Backend& backend, float* state, const float* physical, const Scaling& scaling, int nlat, int nlon,
               int first, int channels, int state_width);

// physical[selected][point] = state[row][channel] * std + mean
void denormalise(const Backend& backend, float* physical, const float* state, const Scaling& scaling,
                 const int* selected, int selected_count, int nlat, int nlon, int state_width);

// The state's part of the network's input, [row][high halves of all input channels, low halves]: high + low is the
// fp32 value to 22 bits.
void set_input(const Backend& backend, __half* input, const float* state, int64_t rows, int state_width,
               int input_width);

// Cosine of the zenith angle, constant[lat] + amplitude[lat] * cosine[lon] rounded to fp32 as on the host, into one
// channel of the input, both halves.
void set_sun(const Backend& backend, __half* input, const float* constant, const float* amplitude, const float* cosine,
             int nlat, int nlon, int channel, int input_width);

// What an instance norm is made of: weight and bias [channel], and what is added to the variance.
struct NormWeights {
  const float* weight = nullptr;
  const float* bias = nullptr;
  float epsilon = 0;
};

// The affine map of an instance norm from its partial sums [tile][channel][value, square] over `points` points.
void field_norm(const Backend& backend, float* scale, float* shift, const float* partial, int tiles, int width,
                int64_t points, const NormWeights& norm);

// The same from Fourier coefficients, by Parseval: partial [position of the order][tile][re, im of channel][value,
// square]. Order 0 and, if it is there, the order at position `nyquist` (else -1) count once and by their real part
// alone, the others twice.
void spectral_norm(const Backend& backend, float* scale, float* shift, const float* partial, int orders, int tiles,
                   int width, int nlat, int nyquist, const NormWeights& norm);

// The decoder's first layer with the last block's instance norm folded in: folded[o][c] = weight[o][c] scale[c],
// constant[o] = bias[o] + sum_c weight[o][c] shift[c].
void fold_norm(const Backend& backend, __half* folded, float* constant, const float* weight, const float* bias,
               const Affine& norm, int outputs, int width);

}  // namespace hens::engine
