#include "perturbation/noise.h"

#include <cmath>
#include <numbers>

#include <ATen/Parallel.h>

#include "base/error.h"

namespace hens {
namespace {

constexpr double earth_radius = 6.371e6;  // m, the peer's

int even_rows(int nlat) { return nlat / 2 * 2; }

NoiseSpectrum spectrum_for_grid(const NoiseSpec& spec, int nlat, int nlon) {
  if (nlat < 2 || nlon != 2 * even_rows(nlat)) {
    fail(ExitCode::bad_spec,
         "perturbation: correlated_spherical_gaussian needs a grid with twice as many columns as rows (rows rounded "
         "down to even), as 721 x 1440; the model's grid is {} x {}: choose method none",
         nlat, nlon);
  }
  return noise_spectrum(spec, even_rows(nlat));
}

}  // namespace

NoiseSpectrum noise_spectrum(const NoiseSpec& spec, int lmax, Duration step) {
  const double ratio = spec.length_scale / earth_radius;
  const double kt = 0.5 * ratio * ratio;
  const double phi = std::exp(-static_cast<double>(step.count()) / static_cast<double>(spec.time_scale.count()));
  double sum = 0.0;
  for (int l = 1; l < lmax; ++l) sum += (2.0 * l + 1.0) * std::exp(-kt * l * (l + 1.0));
  const double f0 = spec.sigma * std::sqrt((1.0 - phi * phi) / (2.0 * sum));
  NoiseSpectrum spectrum{std::vector<double>(lmax), 1.0 / std::sqrt(1.0 - phi * phi)};
  for (int l = 0; l < lmax; ++l) spectrum.sigma[l] = f0 * std::exp(-0.5 * kt * l * (l + 1.0));
  if (!std::isfinite(f0) || !std::isfinite(spectrum.stationary)) {
    fail(ExitCode::bad_spec,
         "perturbation.noise: sigma {}, length_scale {} m and time_scale {} describe no noise; expected positive "
         "scales, as length_scale: 5e5 and time_scale: 48h",
         spec.sigma, spec.length_scale, duration_text(spec.time_scale));
  }
  return spectrum;
}

int significant_degrees(const NoiseSpectrum& spectrum) {
  // No row has more variance from a degree than 2 (2l + 1) sigma_l^2, up to a factor common to all.
  const auto variance = [&](size_t l) { return (2.0 * l + 1.0) * spectrum.sigma[l] * spectrum.sigma[l]; };
  double total = 0.0, beyond = 0.0;
  for (size_t l = 0; l < spectrum.sigma.size(); ++l) total += variance(l);
  size_t degrees = spectrum.sigma.size();
  while (degrees > 1 && (beyond += variance(degrees - 1)) < 1e-32 * total) --degrees;
  return static_cast<int>(degrees);
}

CorrelatedSphericalGaussian::CorrelatedSphericalGaussian(const NoiseSpec& spec, int nlat, int nlon, at::Device device)
    : CorrelatedSphericalGaussian(nlat, nlon, device, spectrum_for_grid(spec, nlat, nlon)) {}

// Orders end where degrees do: m <= l.
CorrelatedSphericalGaussian::CorrelatedSphericalGaussian(int nlat, int nlon, at::Device device,
                                                         const NoiseSpectrum& spectrum)
    : nlat_(nlat),
      lmax_(even_rows(nlat)),
      degrees_(significant_degrees(spectrum)),
      device_(device),
      synthesis_({GridKind::equiangular, lmax_, nlon, degrees_, degrees_}, at::kDouble, at::kCPU) {
  // The noise is defined on functions of mean square 1, which are sqrt(4 pi) times the orthonormal ones.
  const double factor = spectrum.stationary * std::sqrt(4.0 * std::numbers::pi);
  scale_ = at::empty({degrees_, 1}, at::kDouble);
  for (int l = 0; l < degrees_; ++l) scale_.data_ptr<double>()[l] = factor * spectrum.sigma[l];
}

at::Tensor CorrelatedSphericalGaussian::unit_field(const at::Tensor& draws) const {
  return synthesize(draws.narrow(-3, 0, degrees_).narrow(-2, 0, degrees_)).to(device_);
}

at::Tensor CorrelatedSphericalGaussian::unit_fields(const MemberKey& key, std::span<const int> channels) const {
  // Each by itself: a field's bits must not depend on how many are made, and matrix products of other shapes may round
  // differently.
  const auto count = static_cast<int64_t>(channels.size());
  const at::Tensor fields = at::empty({count, nlat_, 2 * lmax_}, at::kDouble);
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) fields[i].copy_(synthesize(draw(key, channels[i])));
  });
  return fields.to(device_);
}

at::Tensor CorrelatedSphericalGaussian::draw(const MemberKey& key, int channel) const {
  at::Tensor draws = at::zeros({degrees_, degrees_, 2}, at::kFloat);
  const std::span<float> all(draws.data_ptr<float>(), draws.numel());
  for (int l = 0; l < degrees_; ++l) {
    const auto row = all.subspan(2 * size_t(l) * degrees_, 2 * (size_t(l) + 1));
    fill_normals(key, static_cast<uint32_t>(channel), row, 2 * uint64_t(l) * mmax());
  }
  return draws;
}

at::Tensor CorrelatedSphericalGaussian::synthesize(const at::Tensor& draws) const {
  const at::Tensor normals = at::view_as_complex(draws.to(at::kCPU, at::kDouble).contiguous());  // [..., l, m]
  const at::Tensor field = synthesis_((normals * scale_).tril());
  return nlat_ == lmax_ ? field : at::cat({field, field.narrow(-2, lmax_ - 1, 1)}, -2);
}

}  // namespace hens
