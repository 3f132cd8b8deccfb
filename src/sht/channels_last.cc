#include "sht/channels_last.h"

#include <algorithm>
#include <numbers>

#include "sht/legendre.h"

namespace hens::sht {
namespace {

int order_count(const ShtSize& size) { return std::min(size.lmax, size.mmax); }

// Orders `parity`, `parity` + 2, ...
at::Tensor orders_of_parity(const ShtSize& size, int parity) {
  return at::arange(parity, std::max(parity, order_count(size)), 2, at::kLong);
}

// Half the circle is enough where its other half lies on grid points.
bool folds(int64_t nlon) { return nlon % 2 == 0; }
int64_t longitudes(int64_t nlon) { return folds(nlon) ? nlon / 2 : nlon; }

// m lambda_j [order, longitude], double, reduced to [0, 2 pi) in integers: no digits are lost.
at::Tensor angles(const ShtSize& size, const at::Tensor& orders) {
  const at::Tensor turns = at::outer(orders, at::arange(longitudes(size.nlon), at::kLong));
  return turns.remainder(size.nlon).to(at::kDouble).mul_(2 * std::numbers::pi / size.nlon);
}

// P_lm(theta_k) [m, l, lat], double, orders in the sequence of a Spectrum.
at::Tensor legendre(const ShtSize& size, const Quadrature& rule) {
  const std::vector<double> table = legendre_table(order_count(size), size.lmax, rule.x);
  return at::tensor(table, at::kDouble)
      .view({order_count(size), size.lmax, size.nlat})
      .index_select(0, at::tensor(orders_of(size), at::kLong));
}

at::Tensor cast(const at::Tensor& table, at::Device device) { return table.to(at::kFloat).contiguous().to(device); }

}  // namespace

std::vector<int64_t> orders_of(const ShtSize& size) {
  std::vector<int64_t> orders;
  for (const int parity : {0, 1}) {
    for (int m = parity; m < order_count(size); m += 2) orders.push_back(m);
  }
  return orders;
}

ChannelsLastSht::ChannelsLastSht(const ShtSize& size, at::Device device) {
  for (const int parity : {0, 1}) {
    const at::Tensor angle = angles(size, orders_of_parity(size, parity));
    fourier_[parity] = cast(at::stack({at::cos(angle), -at::sin(angle)}, 1).flatten(0, 1), device);
  }
  const Quadrature rule = quadrature(size.grid, size.nlat);
  const at::Tensor weight = at::tensor(rule.weight, at::kDouble) * (2 * std::numbers::pi / size.nlon);
  legendre_ = cast(legendre(size, rule).mul_(weight), device);
}

Spectrum ChannelsLastSht::operator()(const at::Tensor& field) const {
  const int64_t nlat = field.size(0), nlon = field.size(1), channels = field.size(2);
  const int64_t degrees = legendre_.size(1), half = longitudes(nlon);
  const at::Tensor west = field.slice(1, 0, half), east = field.slice(1, half);
  at::Tensor coefficients = at::empty({legendre_.size(0), degrees, 2 * channels}, field.options());
  int64_t first = 0;
  for (const int parity : {0, 1}) {
    const at::Tensor folded = !folds(nlon) ? field : parity == 0 ? west + east : west - east;
    const at::Tensor waves = at::bmm(fourier_[parity].expand({nlat, -1, -1}), folded)  // [lat, order re im, channel]
                                 .view({nlat, -1, 2 * channels})
                                 .transpose(0, 1);  // [m, lat, re im channel]
    at::Tensor out = coefficients.narrow(0, first, waves.size(0));
    at::bmm_out(out, legendre_.narrow(0, first, waves.size(0)), waves);  // [m, l, re im channel]
    first += waves.size(0);
  }
  const at::Tensor by_degree = coefficients.view({-1, degrees, 2, channels}).transpose(0, 1);
  return {by_degree.select(2, 0), by_degree.select(2, 1)};
}

ChannelsLastInverseSht::ChannelsLastInverseSht(const ShtSize& size, at::Device device) : nlon_(size.nlon) {
  legendre_ = cast(legendre(size, quadrature(size.grid, size.nlat)).transpose(1, 2), device);
  for (const int parity : {0, 1}) {
    const at::Tensor orders = orders_of_parity(size, parity), angle = angles(size, orders);
    // Order 0 and the Nyquist order stand for themselves alone, and only their real parts count.
    const at::Tensor alone = (orders == 0).logical_or(orders * 2 == size.nlon).unsqueeze(1);
    const at::Tensor cosine = at::cos(angle) * at::where(alone, 1.0, 2.0);
    const at::Tensor sine = at::sin(angle) * at::where(alone, 0.0, -2.0);
    waves_[parity] = {cast(cosine.t(), device), cast(sine.t(), device)};
  }
}

at::Tensor ChannelsLastInverseSht::half_field(const Waves& waves, const at::Tensor& re, const at::Tensor& im) const {
  const int64_t nlat = legendre_.size(1);
  return at::bmm(waves.cosine.expand({nlat, -1, -1}), re).baddbmm_(waves.sine.expand({nlat, -1, -1}), im);
}

at::Tensor ChannelsLastInverseSht::operator()(const Spectrum& spectrum) const {
  const at::Tensor re = at::bmm(legendre_, spectrum.re.transpose(0, 1)).transpose(0, 1);  // [lat, m, channel]
  const at::Tensor im = at::bmm(legendre_, spectrum.im.transpose(0, 1)).transpose(0, 1);
  const int64_t evens = waves_[0].cosine.size(1), half = longitudes(nlon_);
  const at::Tensor even = half_field(waves_[0], re.slice(1, 0, evens), im.slice(1, 0, evens));
  const at::Tensor odd = half_field(waves_[1], re.slice(1, evens), im.slice(1, evens));
  if (!folds(nlon_)) return even + odd;
  at::Tensor field = at::empty({even.size(0), nlon_, even.size(2)}, even.options());
  at::Tensor west = field.slice(1, 0, half), east = field.slice(1, half);
  at::add_out(west, even, odd);
  at::sub_out(east, even, odd);
  return field;
}

}  // namespace hens::sht
