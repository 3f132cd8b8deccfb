// Correlated spherical Gaussian noise, as Earth2Studio's CorrelatedSphericalGaussian makes it for one batch element:
// isotropic in spectral space, with variance falling as exp(-kT l (l + 1)), kT = (length_scale / R)^2 / 2.
//
// Kept under the peer's name are its quirks: degree 0 is drawn, imaginary parts at order 0 are dropped (so the standard
// deviation is 0.99 at the equator and 0.71 at the poles), and on an odd number of rows the field of n - 1 rows is laid
// onto the first n - 1 and the last row repeated. The AR(1) chain between batch elements is not kept: each pair draws
// anew.
//
// Fields are computed on the host, in double, and handed over on the model's device: the same bits for every device.
// Immutable after construction; thread-safe.
#pragma once

#include <span>
#include <vector>

#include <ATen/ATen.h>

#include "job/job_spec.h"
#include "job/member_key.h"
#include "sht/transform.h"

namespace hens {

// sigma_l of the spec's noise for lmax degrees, and the stationary factor (1 - phi^2)^(-1/2), phi = exp(-step / time
// scale): sigma_l = F exp(-kT l (l + 1) / 2), F^2 = sigma^2 (1 - phi^2) / (2 sum_{l > 0} (2l + 1) exp(-kT l (l + 1))).
// Requires lmax >= 2. Throws Error{bad_spec} where the scales leave nothing finite.
struct NoiseSpectrum {
  std::vector<double> sigma;  // [lmax]
  double stationary = 1.0;
};
NoiseSpectrum noise_spectrum(const NoiseSpec& spec, int lmax, Duration step = model_step);

// Degrees that matter: the least L <= sigma.size() such that all beyond together contribute less than 1e-32 of the
// variance, 1e-16 of the standard deviation, at any point: nothing that a double field could show. 155 for 500 km.
int significant_degrees(const NoiseSpectrum& spectrum);

class CorrelatedSphericalGaussian {
 public:
  // Requires nlon == 2 * (nlat rounded down to even). Throws Error{bad_spec} otherwise. `device` is that of the
  // results. A field of 721 x 1440 takes about 20 ms on one core.
  CorrelatedSphericalGaussian(const NoiseSpec& spec, int nlat, int nlon, at::Device device);

  int lmax() const { return lmax_; }
  int mmax() const { return lmax_ + 1; }

  // The unit field of given standard normals `draws` [..., lmax, mmax, 2 (re, im)] (any real type; computed in double):
  // [..., nlat, nlon], double. Entries with m > l are ignored, and so are those beyond significant_degrees().
  at::Tensor unit_field(const at::Tensor& draws) const;

  // The unit fields of a key for the given channels (positions in the model's list, the random stream of each):
  // [channels, nlat, nlon], double. Normal number 2 (l mmax + m) of the stream is the real part of (l, m), the next one
  // its imaginary part. A channel's bits do not depend on the other channels.
  at::Tensor unit_fields(const MemberKey& key, std::span<const int> channels) const;

 private:
  CorrelatedSphericalGaussian(int nlat, int nlon, at::Device device, const NoiseSpectrum& spectrum);
  at::Tensor draw(const MemberKey& key, int channel) const;  // [degrees, degrees, 2] float32, on the host
  at::Tensor synthesize(const at::Tensor& draws) const;      // [..., degrees, degrees, 2] -> [..., nlat, nlon]

  int nlat_, lmax_, degrees_;
  at::Device device_;
  at::Tensor scale_;  // [degrees, 1] double, on the host: from normals to coefficients of the orthonormal synthesis
  sht::InverseRealSht synthesis_;
};

}  // namespace hens
