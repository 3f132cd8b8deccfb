// The engine's small work on whole fields: in and out of the normalised state, the sun, instance-norm statistics.
//
// Pointers are the backend's memory; everything is ordered with its stream. A `point` counts from the north, longitude
// inside; a `row` is of the engine's own order (quads.h), in which some points come twice. Shapes beside each argument,
// x0 last.
#pragma once

#include <cstdint>

#include <cuda_fp16.h>

#include "engine/device/backend.h"
#include "engine/sfno/affine.cuh"

namespace hens::engine {

// A state, normalised.
struct StateRows {
  float* values = nullptr;  // [row][width]
  int nlat = 0, nlon = 0;
  int width = 0;  // channels, rounded up to even
};

// The network's input. High + low halves are the fp32 value to 22 bits.
struct InputRows {
  __half* values = nullptr;  // [row][high, low halves][width]
  int width = 0;             // input channels, padded
};

struct Scaling {  // z-scores: [channel] each
  const float* mean = nullptr;
  const float* std = nullptr;
};

// state[row][first + c] = (physical[c][point] - mean) / std, for `count` channels from `first`.
struct ChannelRange {
  int first = 0, count = 0;
};
void normalise(const Backend& backend, const StateRows& state, const float* physical, ChannelRange channels,
               const Scaling& scaling);

// physical[selected][point] = state[row][channel] * std + mean
struct ChannelSelection {
  const int* channels = nullptr;  // [count]
  int count = 0;
};
void denormalise(const Backend& backend, float* physical, const StateRows& state, const ChannelSelection& selected,
                 const Scaling& scaling);

// The state's part of the network's input.
void set_input(const Backend& backend, const InputRows& input, const StateRows& state);

// Cosine of the zenith angle, constant[lat] + amplitude[lat] * cosine[lon] rounded to fp32 as on the host, into one
// channel of the input, both halves.
struct SunTables {
  const float *constant = nullptr, *amplitude = nullptr, *cosine = nullptr;
  int nlat = 0, nlon = 0;
};
void set_sun(const Backend& backend, const InputRows& input, int channel, const SunTables& sun);

// What an instance norm is made of: weight and bias [channel], and what is added to the variance.
struct NormWeights {
  const float* weight = nullptr;
  const float* bias = nullptr;
  float epsilon = 0;
};
// Where its affine map goes: [channel] each.
struct AffineOut {
  float *scale = nullptr, *shift = nullptr;
  operator Affine() const { return {scale, shift}; }
};

// Partial sums of a field: [tile][channel][value, square], over `points` points in all.
struct FieldSums {
  const float* partial = nullptr;
  int tiles = 0, width = 0;
  int64_t points = 0;
};
void field_norm(const Backend& backend, const AffineOut& map, const FieldSums& sums, const NormWeights& norm);

// The same of Fourier coefficients, which Parseval's theorem makes those of the field: [position of the
// order][tile][re, im of channel][value, square]. Order 0 and, if it is there, the order at position `nyquist` (else
// -1) count once and by their real part alone, the others twice.
struct SpectralSums {
  const float* partial = nullptr;
  int orders = 0, tiles = 0, width = 0;
  int nlat = 0, nyquist = -1;
};
void spectral_norm(const Backend& backend, const AffineOut& map, const SpectralSums& sums, const NormWeights& norm);

// A layer with an instance norm multiplied into it: fused[o][c] = weight[o][c] scale[c], constant[o] = bias[o] + sum_c
// weight[o][c] shift[c].
struct LayerWeights {
  const float* weight = nullptr;  // [outputs][width]
  const float* bias = nullptr;    // [outputs]
  int outputs = 0, width = 0;
};
struct FusedLayer {
  __half* weight = nullptr;   // [outputs][width]
  float* constant = nullptr;  // [outputs]
};
void fuse_norm(const Backend& backend, const FusedLayer& fused, const LayerWeights& layer, const Affine& norm);

}  // namespace hens::engine
