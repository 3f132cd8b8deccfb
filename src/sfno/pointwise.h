// The network's parts that treat every grid point alike: 1x1 convolutions, GELU, and the instance norm.
//
// Tensors are [lat, lon, channel], float32, contiguous. A trailing underscore means in place. Thread-safe.
#pragma once

#include <ATen/ATen.h>

namespace hens {

struct Linear {       // a 1x1 convolution
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], undefined where there is none
};

struct TwoLayer {  // second(gelu(first(x)))
  Linear first, second;
};

constexpr double norm_epsilon = 1e-6;  // added to the variance, as makani's InstanceNorm2d does

struct Norm {
  at::Tensor weight, bias;  // [channel]
};

// The exact (erf) GELU between. The hidden layer exists for a slab of points at a time: whole, it would be 5 GB at full
// size.
at::Tensor two_layer(const at::Tensor& x, const TwoLayer& layers);

// Each channel to zero mean and unit variance over the whole grid, unweighted, variance with n and norm_epsilon added;
// then the affine map.
void instance_norm_(at::Tensor& x, const Norm& norm);

// out += x weight^T. `x` may be a slice of channels.
void add_product_(at::Tensor& out, const at::Tensor& x, const at::Tensor& weight);

}  // namespace hens
