#include "sfno/spectral_conv.h"

#include "sfno/weights.h"

namespace hens {

SpectralConv::SpectralConv(const TensorView& weight, at::Device device) {
  const at::Tensor source = at::view_as_real(tensor_of(weight));  // [in, out, l, re im]
  const int64_t inputs = source.size(0), outputs = source.size(1), degrees = source.size(2);
  at::Tensor layout = at::empty({2, degrees, inputs, outputs}, at::device(device).dtype(at::kFloat));
  // One input at a time: its [out, l, re im] fits the cache, the whole (1.1 GB at full size) does not, and a GPU needs
  // no second copy of it.
  for (int64_t i = 0; i < inputs; ++i) layout.select(2, i).copy_(source[i].to(device).permute({2, 1, 0}));
  re_ = layout[0];
  im_ = layout[1];
}

sht::Spectrum SpectralConv::operator()(const sht::Spectrum& in) const {
  const at::Tensor re = at::bmm(in.re, re_).baddbmm_(in.im, im_, 1, -1);
  const at::Tensor im = at::bmm(in.re, im_).baddbmm_(in.im, re_);
  return {re, im};
}

}  // namespace hens
