// The real spherical harmonic transform, as torch-harmonics defines it (norm "ortho", Condon-Shortley sign):
//
//   analysis   c[l, m] = 2 pi sum_k w_k P_lm(theta_k) (1 / nlon) sum_j f[k, j] exp(-i m lambda_j)
//   synthesis  g[k, m] = sum_l P_lm(theta_k) c[l, m];  f = g_0 + 2 Re sum_{0 < m < nlon/2} g_m exp(i m lambda) (+
//   Nyquist)
//
// Imaginary parts at m = 0 and at the Nyquist order are ignored in synthesis, and so is everything with m > l.
//
// This form is for exactness and for few fields: it computes in double on the CPU whatever it is given, so the result
// is the same for every device, and makes the Legendre functions anew at each call, one order at a time (at 721 x 1440
// and 720 degrees a table would be 1.5 GB; making it costs less than reading it back). The network, which transforms
// hundreds of channels in every block, has sht/channels_last.h. The last bits of a field may depend on how many others
// are transformed with it. After construction a transform is immutable and thread-safe.
#pragma once

#include <ATen/ATen.h>

#include "grid/grid_kind.h"
#include "sht/quadrature.h"

namespace hens::sht {

struct ShtSize {
  GridKind grid = GridKind::equiangular;
  int nlat = 0, nlon = 0;
  int lmax = 0, mmax = 0;  // counts: degrees 0..lmax-1, orders 0..mmax-1; mmax <= nlon / 2 + 1
};

class RealSht {
 public:
  // `real` (at::kFloat or at::kDouble) and `device` are those of the results.
  RealSht(const ShtSize& size, at::ScalarType real, at::Device device);
  // [..., nlat, nlon] real -> [..., lmax, mmax] complex, exactly zero where m > l.
  at::Tensor operator()(const at::Tensor& field) const;
  const ShtSize& size() const { return size_; }

 private:
  ShtSize size_;
  at::TensorOptions result_;
  Quadrature rule_;
};

class InverseRealSht {
 public:
  InverseRealSht(const ShtSize& size, at::ScalarType real, at::Device device);
  // [..., lmax, mmax] complex -> [..., nlat, nlon] real.
  at::Tensor operator()(const at::Tensor& coefficients) const;
  const ShtSize& size() const { return size_; }

 private:
  ShtSize size_;
  at::TensorOptions result_;
  Quadrature rule_;
};

}  // namespace hens::sht
