// Heat index: pure functions of fields of any shape ([..., lat, lon], all alike), float32 or float64, on any device;
// computed in double (heat_index_formula.h).
//
//   function           inputs         result                           source
//   heat_index         t2m K, d2m K   K, NaN unless 100 < t2m < 1000   Lu and Romps (2022), as of Lu et al. (2025)
//   heat_index_table   t2m K, d2m K   K                                the huge ensembles of summer 2023
//
// The first is the function itself, solved at each point to 1e-8 K, of the relative humidity over water by Bolton
// (1980). The second is the function at the nearest lower node of 240 .. 370 K by 0.1 K and 0 .. 1 by 0.001: 240 K for
// what is colder, and up to 1.3 K below where that was compared.
#pragma once

#include <ATen/ATen.h>

namespace hens {

at::Tensor heat_index(const at::Tensor& t2m, const at::Tensor& d2m);
at::Tensor heat_index_table(const at::Tensor& t2m, const at::Tensor& d2m);

}  // namespace hens
