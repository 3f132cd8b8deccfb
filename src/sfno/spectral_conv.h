// The spectral convolution of SFNO ("dhconv"): at every degree l one complex matrix mixes the channels, the same for
// all orders m.
#pragma once

#include <ATen/ATen.h>

#include "package/package.h"
#include "sht/channels_last.h"

namespace hens {

class SpectralConv {
 public:
  // `weight` is complex64 [in, out, l]. It is copied, once, into the layout that the products need: the view may go
  // away.
  SpectralConv(const TensorView& weight, at::Device device);
  // out[l, m, o] = sum_i in[l, m, i] W[i, o, l]
  sht::Spectrum operator()(const sht::Spectrum& in) const;

 private:
  at::Tensor re_, im_;  // [l, in, out], halves of one tensor
};

}  // namespace hens
