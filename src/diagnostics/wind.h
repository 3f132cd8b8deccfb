// Wind speed: a pure function of fields of any shape ([..., lat, lon], all alike), float32 or float64, on any device.
//
//   function     inputs                                           result           source
//   wind_speed   u, v m s-1: eastward and northward, any height   m s-1, from 0    sqrt(u^2 + v^2) [E]
//
// [E] Earth2Studio 0.19, models.dx.derived.
#pragma once

#include <ATen/ATen.h>

namespace hens {

at::Tensor wind_speed(const at::Tensor& u, const at::Tensor& v);

}  // namespace hens
