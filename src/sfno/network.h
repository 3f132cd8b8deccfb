// The spherical Fourier neural operator of HENS (Bonev et al. 2023, arXiv:2306.03838), as makani builds it, in float32.
//
// One member at a time, channels last: every 1x1 convolution is then one matrix product over all points, and every half
// of a transform a batched one. The arithmetic is the Python stack's up to the order of sums. Immutable after
// construction; thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "package/package.h"
#include "sfno/pointwise.h"
#include "sfno/spectral_conv.h"
#include "sht/channels_last.h"

namespace hens {

// Sees the tensors inside a forward, [lat, lon, channel]: "input", "encoder", "block0" ..., "output".
using NetworkProbe = std::function<void(const std::string& name, const at::Tensor& tensor)>;

class Network {
 public:
  // Copies the weights to `device`; the package may go away. Throws Error{bad_input} naming a tensor that is missing or
  // of another shape.
  Network(const ModelPackage& package, at::Device device);

  // `input` [lat, lon, input channel], normalised -> [lat, lon, channel], normalised; a view with gaps.
  at::Tensor operator()(const at::Tensor& input, const NetworkProbe& probe = {}) const;

 private:
  struct Block {
    bool from_outer, to_outer;  // grids: the first block comes from the outer one, the last goes back to it
    bool resample;              // these two differ, so the residual has to change its grid, too
    SpectralConv filter;
    Norm norm0, norm1;
    TwoLayer mlp;
    at::Tensor outer_skip;  // [out, in]
  };
  at::Tensor run(const Block& block, const at::Tensor& x) const;

  sht::ChannelsLastSht outer_analysis_, inner_analysis_;
  sht::ChannelsLastInverseSht outer_synthesis_, inner_synthesis_;
  TwoLayer encoder_, decoder_;
  std::vector<Block> blocks_;
  int64_t channels_;
  at::Tensor big_skip_;  // [out, in], undefined where there is none; `in` are the first channels of the input
};

}  // namespace hens
