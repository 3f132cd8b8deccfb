#include "diagnostics/wind.h"

#include "diagnostics/on_points.h"

namespace hens {

at::Tensor wind_speed(const at::Tensor& u, const at::Tensor& v) { return of_two(u, v, formula::WindSpeed{}); }

}  // namespace hens
