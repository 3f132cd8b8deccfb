// The formulas of derived variables at one point, in the precision of their arguments: one text for the host and the
// GPU. The headers of tensors (wind.h, humidity.h, column.h, heat_index.h) say inputs, units and sources.
//
// What is not a number stays none: clipping lets NaN pass.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/host_device.h"
#include "diagnostics/heat_index_formula.h"

namespace hens::formula {

template <typename Real>
HENS_HOST_DEVICE Real clipped(Real x, Real low, Real high) {
  return x < low ? low : x > high ? high : x;
}

struct WindSpeed {
  template <typename Real>
  HENS_HOST_DEVICE Real operator()(Real u, Real v) const {
    return std::sqrt(u * u + v * v);
  }
};

// Of ECMWF's IFS: over water above 0 C, over ice below -23 C, mixed between.
struct RelativeHumidity {
  double pressure = 0;  // Pa
  template <typename Real>
  HENS_HOST_DEVICE Real operator()(Real t, Real q) const {
    const Real ratio = Real(1.0 / 0.621981);  // of the gas constants of water vapour and dry air
    const Real e = Real(pressure) * q * ratio / (1 + q * (ratio - 1));
    const Real water = Real(611.21) * std::exp(Real(17.502) * (t - Real(273.16)) / (t - Real(32.19)));
    const Real ice = Real(611.21) * std::exp(Real(22.587) * (t - Real(273.16)) / (t + Real(0.7)));
    const Real part = clipped((t - Real(250.16)) / 23, Real(0), Real(1));
    const Real saturated = part * part * water + (1 - part * part) * ice;
    return clipped(100 * e / saturated, Real(0), Real(100));
  }
};

// The peer's Magnus: both pressures over water, or both over ice where t is below freezing.
struct RelativeHumidity2m {
  template <typename Real>
  HENS_HOST_DEVICE Real operator()(Real t, Real dew_point) const {
    const Real x = t - Real(273.16), d = dew_point - Real(273.16);
    const bool ice = x < 0;
    const Real a = ice ? Real(22.46) : Real(17.62), b = ice ? Real(272.62) : Real(243.12);
    const Real e = Real(6.11) * std::exp(a * d / (d + b)), saturated = Real(6.11) * std::exp(a * x / (x + b));
    return clipped(100 * e / saturated, Real(0), Real(100));
  }
};

// With the latent heat of 100 C, as the peer has it: 15 % too little at 30 C. For the peer's numbers alone.
struct VapourPressureDeficit {
  template <typename Real>
  HENS_HOST_DEVICE Real operator()(Real t, Real humidity) const {
    const Real saturated = Real(6.11) * std::exp(Real(2.26e6 / 461.0) * (Real(1.0 / 273.16) - 1 / t));
    return saturated * (100 - humidity) / 100;
  }
};

struct VapourPressureDeficitMagnus {
  template <typename Real>
  HENS_HOST_DEVICE static Real pressure(Real t) {
    const Real x = t - Real(273.15);
    return Real(6.112) * std::exp(Real(17.62) * x / (Real(243.12) + x));
  }
  template <typename Real>
  HENS_HOST_DEVICE Real operator()(Real t, Real dew_point) const {
    const Real deficit = pressure(t) - pressure(dew_point);
    return deficit < 0 ? Real(0) : deficit;
  }
};

struct Thickness {
  template <typename Real>
  HENS_HOST_DEVICE Real operator()(Real upper, Real lower) const {
    return (upper - lower) / Real(9.80665);
  }
};

// Relative humidity 0..1 over water by Bolton (1980), as the heat index takes it.
HENS_HOST_DEVICE double humidity_of_dew_point(double t, double dew_point) {
  const auto pressure = [](double x) { return 6.112 * std::exp(17.67 * (x - 273.15) / (x - 29.65)); };
  return clipped(pressure(dew_point) / pressure(t), 0.0, 1.0);
}

struct HeatIndex {
  template <typename Real>
  HENS_HOST_DEVICE Real operator()(Real t, Real dew_point) const {
    return static_cast<Real>(heat_index_of(t, humidity_of_dew_point(t, dew_point)));
  }
};

struct HeatIndexAtNode {
  template <typename Real>
  HENS_HOST_DEVICE Real operator()(Real t, Real dew_point) const {
    return static_cast<Real>(heat_index_at_node(t, humidity_of_dew_point(t, dew_point)));
  }
};

}  // namespace hens::formula
