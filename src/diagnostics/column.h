// What columns of air add up to: pure functions of fields of any shape ([..., lat, lon], all alike), float32 or
// float64, on any device. `levels`: hPa, highest pressure first, 2 to 37; a quantity on levels is a field for each, in
// their order.
//
//   function                    inputs                                          result       source
//   thickness                   z m2 s-2 of the upper and of the lower level    m            / 9.80665 (WMO)
//   total_column_water_vapour   q kg kg-1 on levels, sp Pa                      kg m-2       [E]
//   surface_pressure            z m2 s-2, t K on levels, z of the ground        Pa           [E]
//   vapour_transport            u, v m s-1 and q kg kg-1 on levels              kg m-1 s-1   [H]
//
// [E] Earth2Studio 0.19, models.dx.derived. Column water: trapezoid over layers above the ground, and the lowest q from
// there down to sp; / 9.8067. Surface pressure: ln p linear in z, and a term for the lapse of temperature (6.5 K km-1),
// adjusted by a fit. [H] The huge ensembles of summer 2023: 1/9.8 trapezoid over all levels, none masked.
#pragma once

#include <span>
#include <vector>

#include <ATen/ATen.h>

#include "diagnostics/point_work.h"

namespace hens {

at::Tensor thickness(const at::Tensor& upper, const at::Tensor& lower);

at::Tensor total_column_water_vapour(std::span<const double> levels, const std::vector<at::Tensor>& q,
                                     const at::Tensor& surface_pressure);

// The peer's variants: without temperatures (`t` is empty then), without the fit.
struct SurfacePressureOptions {
  bool temperature = true;
  bool adjustment = true;
};
at::Tensor surface_pressure(std::span<const double> levels, const std::vector<at::Tensor>& z,
                            const std::vector<at::Tensor>& t, const at::Tensor& surface_geopotential,
                            const SurfacePressureOptions& options = {});

// The other component's wind may be empty.
at::Tensor vapour_transport(std::span<const double> levels, const std::vector<at::Tensor>& u,
                            const std::vector<at::Tensor>& v, const std::vector<at::Tensor>& q,
                            Transport what = Transport::size);

}  // namespace hens
