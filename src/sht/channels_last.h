// The spherical harmonic transform as the network uses it: hundreds of channels at a time, in float32, on any device.
//
// A field is [lat, lon, channel]. Both halves of a transform are batched matrix products whose free dimension is the
// channels, so nothing is ever transposed: the Fourier sums row by row, the Legendre sums order by order. Even and odd
// orders go apart, since each needs only half a circle: f(lambda) + f(lambda + pi) holds the even ones, the difference
// the odd ones. Same definition as sht/transform.h; tables are made in double and cast once. Immutable after
// construction; thread-safe.
#pragma once

#include <array>
#include <vector>

#include <ATen/ATen.h>

#include "sht/transform.h"

namespace hens::sht {

// Coefficients of all channels: real and imaginary parts [l, m, channel], views with unit stride along channels. The
// second index runs over orders_of(size), not over 0, 1, 2 ...
struct Spectrum {
  at::Tensor re, im;
};

// Orders in the sequence of a Spectrum: 0, 2, 4 ..., 1, 3, 5 ..., below both mmax and lmax (the others are all zero).
std::vector<int64_t> orders_of(const ShtSize& size);

class ChannelsLastSht {
 public:
  ChannelsLastSht(const ShtSize& size, at::Device device);
  // `field` [lat, lon, channel] float32, contiguous.
  Spectrum operator()(const at::Tensor& field) const;

 private:
  std::array<at::Tensor, 2> fourier_;  // even and odd orders: [order re im, longitude]
  at::Tensor legendre_;                // [m, l, lat], quadrature weights included
};

class ChannelsLastInverseSht {
 public:
  ChannelsLastInverseSht(const ShtSize& size, at::Device device);
  // -> [lat, lon, channel] float32, contiguous.
  at::Tensor operator()(const Spectrum& spectrum) const;

 private:
  struct Waves {
    at::Tensor cosine, sine;  // [longitude, order], with the factor 2 of orders that stand for -m too
  };
  at::Tensor half_field(const Waves& waves, const at::Tensor& re, const at::Tensor& im) const;

  int64_t nlon_;
  at::Tensor legendre_;         // [m, lat, l]
  std::array<Waves, 2> waves_;  // even and odd orders
};

}  // namespace hens::sht
