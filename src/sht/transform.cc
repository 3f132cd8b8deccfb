#include "sht/transform.h"

#include <algorithm>
#include <cassert>
#include <numbers>

#include "sht/legendre.h"

// P_lm is even about the equator where l - m is even, and odd where it is odd. So both directions work on one
// hemisphere, the equator included: half the functions to make, half the products to form.
namespace hens::sht {
namespace {

using at::indexing::None;
using at::indexing::Slice;

void check(const ShtSize& size) {
  assert(size.nlat >= 2 && size.nlon >= 1 && size.lmax >= 1 && size.mmax >= 1 && size.mmax <= size.nlon / 2 + 1);
}

int hemisphere(int nlat) { return (nlat + 1) / 2; }

// Calls use(m, even, odd) for every order with the Legendre functions of the northern rings: [degree, ring], degrees
// m, m + 2, ... and m + 1, m + 3, ... The tensors are valid during the call.
template <typename Use>
void for_each_order(const ShtSize& size, const Quadrature& rule, const Use& use) {
  const int rings = hemisphere(size.nlat);
  const std::span<const double> x(rule.x.data(), rings);
  const at::Tensor table = at::empty({size.lmax, rings}, at::kDouble);
  for (int m = 0; m < std::min(size.lmax, size.mmax); ++m) {
    const int degrees = size.lmax - m;
    legendre_of_order(m, size.lmax, x, std::span(table.data_ptr<double>(), static_cast<size_t>(degrees) * rings));
    use(m, table.index({Slice(0, degrees, 2)}), table.index({Slice(1, degrees, 2)}));
  }
}

// 2 pi / nlon times the weight of each northern ring, [rings, 1]. A ring on the equator is its own mirror image and
// would count twice.
at::Tensor hemisphere_weights(const ShtSize& size, const Quadrature& rule) {
  const int rings = hemisphere(size.nlat);
  at::Tensor weights = at::tensor(at::ArrayRef<double>(rule.weight.data(), rings), at::kDouble);
  if (size.nlat % 2 == 1) weights[rings - 1] /= 2;
  return weights.mul_(2.0 * std::numbers::pi / size.nlon).unsqueeze(1);
}

std::vector<int64_t> with_last_two(const at::Tensor& shape_of, int64_t rows, int64_t columns) {
  std::vector<int64_t> shape = shape_of.sizes().vec();
  shape[shape.size() - 2] = rows;
  shape[shape.size() - 1] = columns;
  return shape;
}

at::Tensor in_double(const at::Tensor& values, at::ScalarType type) { return values.to(at::kCPU, type); }

}  // namespace

RealSht::RealSht(const ShtSize& size, at::ScalarType real, at::Device device)
    : size_(size), result_(at::device(device).dtype(at::toComplexType(real))), rule_(quadrature(size.grid, size.nlat)) {
  check(size);
}

at::Tensor RealSht::operator()(const at::Tensor& field) const {
  const auto [grid, nlat, nlon, lmax, mmax] = size_;
  assert(field.dim() >= 2 && field.size(-2) == nlat && field.size(-1) == nlon);
  const int rings = hemisphere(nlat);
  const at::Tensor fields = in_double(field, at::kDouble).reshape({-1, nlat, nlon});
  const at::Tensor waves = at::view_as_real(at::fft_rfft(fields).index({Slice(), Slice(), Slice(None, mmax)}))
                               .permute({2, 1, 0, 3})
                               .reshape({mmax, nlat, -1});  // [m, lat, field re im]
  const at::Tensor north = waves.index({Slice(), Slice(None, rings)});
  const at::Tensor south = waves.index({Slice(), Slice(nlat - rings)}).flip(1);
  const at::Tensor weights = hemisphere_weights(size_, rule_);
  const at::Tensor sum = (north + south).mul_(weights), difference = (north - south).mul_(weights);

  at::Tensor c = at::zeros({mmax, lmax, waves.size(2)}, at::kDouble);
  for_each_order(size_, rule_, [&](int m, const at::Tensor& even, const at::Tensor& odd) {
    c[m].index({Slice(m, None, 2)}).copy_(at::mm(even, sum[m]));
    if (odd.size(0) > 0) c[m].index({Slice(m + 1, None, 2)}).copy_(at::mm(odd, difference[m]));
  });
  const at::Tensor coefficients = c.reshape({mmax, lmax, -1, 2}).permute({2, 1, 0, 3}).contiguous();
  return at::view_as_complex(coefficients).reshape(with_last_two(field, lmax, mmax)).to(result_);
}

InverseRealSht::InverseRealSht(const ShtSize& size, at::ScalarType real, at::Device device)
    : size_(size), result_(at::device(device).dtype(real)), rule_(quadrature(size.grid, size.nlat)) {
  check(size);
}

at::Tensor InverseRealSht::operator()(const at::Tensor& coefficients) const {
  const auto [grid, nlat, nlon, lmax, mmax] = size_;
  assert(coefficients.dim() >= 2 && coefficients.size(-2) == lmax && coefficients.size(-1) == mmax);
  const int rings = hemisphere(nlat);
  const at::Tensor c = at::view_as_real(in_double(coefficients, at::kComplexDouble).reshape({-1, lmax, mmax}))
                           .permute({2, 1, 0, 3})
                           .reshape({mmax, lmax, -1});  // [m, l, field re im]
  at::Tensor waves = at::zeros({mmax, nlat, c.size(2)}, at::kDouble);
  for_each_order(size_, rule_, [&](int m, const at::Tensor& even, const at::Tensor& odd) {
    const at::Tensor symmetric = at::mm(even.t(), c[m].index({Slice(m, None, 2)}));
    const at::Tensor antisymmetric = at::mm(odd.t(), c[m].index({Slice(m + 1, None, 2)}));
    waves[m].index({Slice(nlat - rings)}).copy_((symmetric - antisymmetric).flip(0));
    waves[m].index({Slice(None, rings)}).copy_(symmetric + antisymmetric);
  });
  at::Tensor parts = waves.reshape({mmax, nlat, -1, 2}).permute({2, 1, 0, 3}).contiguous();  // [field, lat, m, re im]
  parts.select(3, 1).select(2, 0).zero_();
  if (nlon % 2 == 0 && mmax == nlon / 2 + 1) parts.select(3, 1).select(2, nlon / 2).zero_();
  const at::Tensor field = at::fft_irfft(at::view_as_complex(parts), nlon, -1, "forward");  // no factor 1 / nlon
  return field.reshape(with_last_two(coefficients, nlat, nlon)).to(result_);
}

}  // namespace hens::sht
