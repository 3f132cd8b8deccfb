#include "diagnostics/heat_index.h"

#include "diagnostics/on_points.h"

namespace hens {

at::Tensor heat_index(const at::Tensor& t2m, const at::Tensor& d2m) { return of_two(t2m, d2m, formula::HeatIndex{}); }

at::Tensor heat_index_table(const at::Tensor& t2m, const at::Tensor& d2m) {
  return of_two(t2m, d2m, formula::HeatIndexAtNode{});
}

}  // namespace hens
