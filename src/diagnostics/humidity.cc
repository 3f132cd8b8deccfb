#include "diagnostics/humidity.h"

#include "diagnostics/on_points.h"

namespace hens {

at::Tensor relative_humidity(const at::Tensor& t, const at::Tensor& q, double level) {
  return of_two(t, q, formula::RelativeHumidity{100.0 * level});
}

at::Tensor relative_humidity_2m(const at::Tensor& t2m, const at::Tensor& d2m) {
  return of_two(t2m, d2m, formula::RelativeHumidity2m{});
}

at::Tensor vapour_pressure_deficit(const at::Tensor& t, const at::Tensor& humidity) {
  return of_two(t, humidity, formula::VapourPressureDeficit{});
}

at::Tensor vapour_pressure_deficit_magnus(const at::Tensor& t2m, const at::Tensor& d2m) {
  return of_two(t2m, d2m, formula::VapourPressureDeficitMagnus{});
}

}  // namespace hens
