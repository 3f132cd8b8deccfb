// What is computed at each point of fields that lie in memory, of the host or of a GPU: plain pointers, no LibTorch.
//
// A work is called with the number of a point, and writes that point of its output alone: what it makes does not depend
// on how the points are dealt out.
#pragma once

#include <cstddef>

#include "diagnostics/formulas.h"

namespace hens {

inline constexpr int most_levels = 37;  // of a column: ERA5's

// A formula of two fields.
template <typename Real, typename Formula>
struct OfTwo {
  Formula formula;
  const Real *first, *second;
  Real* out;
  HENS_HOST_DEVICE void operator()(int64_t i) const { out[i] = formula(first[i], second[i]); }
};

// Pressure levels, highest pressure first.
struct LevelList {
  int count = 0;
  double pressure[most_levels] = {};      // Pa
  double log_pressure[most_levels] = {};  // ln Pa
};

// A quantity on levels.
template <typename Real>
struct LevelFields {
  const Real* field[most_levels] = {};
};

// Trapezoid of q between the levels that lie above the ground, and the lowest such q from there down to the ground.
template <typename Real>
struct ColumnWaterVapour {
  LevelList levels;
  LevelFields<Real> q;
  const Real* surface_pressure;
  Real* out;
  HENS_HOST_DEVICE void operator()(int64_t i) const {
    const Real ground = surface_pressure[i];
    Real sum = ground - ground;  // NaN where there is none
    bool above = false;
    for (int k = 0; k < levels.count; ++k) {
      const Real p = Real(levels.pressure[k]);
      if (!(p <= ground)) continue;
      if (above) {
        sum += (q.field[k - 1][i] + q.field[k][i]) / 2 * (Real(levels.pressure[k - 1]) - p);
      } else {
        sum += q.field[k][i] * (ground - p);
      }
      above = true;
    }
    out[i] = sum / Real(9.8067);
  }
};

// What of the transport: its size, or a component.
enum class Transport { size, eastward, northward };

// Trapezoid over all levels of q times the wind. A component's other wind is not read.
template <typename Real>
struct VapourTransport {
  Transport what;
  LevelList levels;
  LevelFields<Real> u, v, q;
  Real* out;

  HENS_HOST_DEVICE Real along(const LevelFields<Real>& wind, int64_t i) const {
    Real sum = 0, before = q.field[0][i] * wind.field[0][i];
    for (int k = 1; k < levels.count; ++k) {
      const Real flux = q.field[k][i] * wind.field[k][i];
      sum += (before + flux) / 2 * Real(levels.pressure[k - 1] - levels.pressure[k]);
      before = flux;
    }
    return sum / Real(9.8);
  }
  HENS_HOST_DEVICE void operator()(int64_t i) const {
    if (what == Transport::eastward) {
      out[i] = along(u, i);
    } else if (what == Transport::northward) {
      out[i] = along(v, i);
    } else {
      out[i] = formula::WindSpeed{}(along(u, i), along(v, i));
    }
  }
};

// ln p at the surface geopotential, linear in z between the two levels around it (or the nearest two), and a term for
// the lapse of temperature in between: c = L / (2 g Rs) / tm^2, times what the two distances make, then a line of it.
template <typename Real>
struct SurfacePressure {
  LevelList levels;
  LevelFields<Real> z, t;
  const Real* surface_geopotential;
  Real* out;
  bool lapse;              // whether t is read
  double constant, slope;  // of the line; 0 and 1: none

  HENS_HOST_DEVICE void operator()(int64_t i) const {
    const Real ground = surface_geopotential[i];
    int below = -1;
    for (int k = 0; k < levels.count; ++k) below += z.field[k][i] < ground ? 1 : 0;
    const int k = below < 0 ? 0 : below > levels.count - 2 ? levels.count - 2 : below;
    const Real from_lower = ground - z.field[k][i], from_upper = ground - z.field[k + 1][i];
    const Real part = from_lower / (z.field[k + 1][i] - z.field[k][i]);
    Real ln_p = Real(levels.log_pressure[k]) + part * Real(levels.log_pressure[k + 1] - levels.log_pressure[k]);
    if (lapse) {
      const Real mean = (t.field[k][i] + t.field[k + 1][i]) / 2;
      const Real c = Real(-6.5e-3 / (2 * 9.8067 * 287.053)) / (mean * mean) * from_lower * from_upper;
      ln_p += Real(constant) + Real(slope) * c;
    }
    out[i] = std::exp(ln_p);
  }
};

// Launches the work on a GPU for points 0 .. points - 1. `stream` is a cudaStream_t of the current device. Returns a
// cudaError_t. There for the works that point_work.cu names.
template <typename Work>
int launch_points(const Work& work, int64_t points, void* stream);

}  // namespace hens
