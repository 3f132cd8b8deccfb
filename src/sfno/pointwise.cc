#include "sfno/pointwise.h"

#include <algorithm>
#include <array>

namespace hens {
namespace {

constexpr std::array<int64_t, 2> grid_dims{0, 1};
constexpr int64_t slab_points = 65536;

at::Tensor as_points(const at::Tensor& x) { return x.flatten(0, 1); }  // [point, channel]

void apply_to(at::Tensor out, const at::Tensor& x, const Linear& layer) {
  if (layer.bias.defined()) {
    at::addmm_out(out, layer.bias, x, layer.weight.t());
  } else {
    at::mm_out(out, x, layer.weight.t());
  }
}

}  // namespace

at::Tensor two_layer(const at::Tensor& x, const TwoLayer& layers) {
  const at::Tensor in = as_points(x);
  const int64_t points = in.size(0), hidden = layers.first.weight.size(0);
  at::Tensor out = at::empty({x.size(0), x.size(1), layers.second.weight.size(0)}, x.options());
  for (int64_t first = 0; first < points; first += slab_points) {
    const int64_t last = std::min(points, first + slab_points);
    at::Tensor h = at::empty({last - first, hidden}, x.options());
    apply_to(h, in.slice(0, first, last), layers.first);
    at::gelu_(h);
    apply_to(as_points(out).slice(0, first, last), h, layers.second);
  }
  return out;
}

void instance_norm_(at::Tensor& x, const Norm& norm) {
  // Two passes: the mean is taken away first, so that a field that is nearly constant keeps its digits.
  x.sub_(x.mean(grid_dims));
  const at::Tensor variance = x.square().mean(grid_dims);
  at::addcmul_out(x, norm.bias, x, norm.weight * at::rsqrt(variance + norm_epsilon));
}

void add_product_(at::Tensor& out, const at::Tensor& x, const at::Tensor& weight) {
  as_points(out).addmm_(as_points(x), weight.t());
}

}  // namespace hens
