// Heat index: pure functions of fields of any shape ([..., lat, lon], all alike), float32 or float64, on any device;
// computed in double (heat_index_formula.h).
//
// | function         | inputs         | result | source |
// |------------------|----------------|--------|--------|
// | heat_index       | t2m K, d2m K   | K, NaN where t2m is not within 100 .. 1000 K | the function of Lu and Romps
// (2022), in the form of Lu et al. (2025), solved at each point to 1e-8 K; relative humidity over water by Bolton
// (1980) | | heat_index_table | t2m K, d2m K   | K | the same at the nearest lower node of 240 .. 370 K by 0.1 K and 0
// .. 1 by 0.001, as the huge ensembles of summer 2023 had it: up to 1.3 K less where the function is steep, 240 K for
// what is colder |
#pragma once

#include <ATen/ATen.h>

namespace hens {

at::Tensor heat_index(const at::Tensor& t2m, const at::Tensor& d2m);
at::Tensor heat_index_table(const at::Tensor& t2m, const at::Tensor& d2m);

}  // namespace hens
