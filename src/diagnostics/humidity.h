// Humidity: pure functions of fields of any shape ([..., lat, lon], all alike), float32 or float64, on any device.
//
//   function                         inputs                            result               source
//   relative_humidity                t K, q kg kg-1, their level hPa   %, 0 .. 100          [E]: ECMWF's IFS
//   relative_humidity_2m             t2m K, d2m K                      %, 0 .. 100          [E]: Magnus
//   vapour_pressure_deficit          t K, relative humidity %          hPa, < 0 above 100   [E]: Clausius-Clapeyron
//   vapour_pressure_deficit_magnus   t2m K, d2m K                      hPa, from 0          WMO No. 8 (2018), annex 4.B
//
// [E] Earth2Studio 0.19, models.dx.derived. Its relative humidity is over water and ice mixed as in ECMWF's IFS
// (documentation, part IV); at 2 m over ice where t2m < 273.16 K. Its deficit has the latent heat of 100 C and is 15 %
// too little at 30 C: the last function is the one to take for new work.
#pragma once

#include <ATen/ATen.h>

namespace hens {

at::Tensor relative_humidity(const at::Tensor& t, const at::Tensor& q, double level);
at::Tensor relative_humidity_2m(const at::Tensor& t2m, const at::Tensor& d2m);
at::Tensor vapour_pressure_deficit(const at::Tensor& t, const at::Tensor& humidity);
at::Tensor vapour_pressure_deficit_magnus(const at::Tensor& t2m, const at::Tensor& d2m);

}  // namespace hens
