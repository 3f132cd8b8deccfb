#include "diagnostics/column.h"

#include <cassert>
#include <cmath>

#include "diagnostics/on_points.h"

namespace hens {
namespace {

LevelList level_list(std::span<const double> levels) {
  assert(levels.size() >= 2 && levels.size() <= most_levels);
  LevelList list{static_cast<int>(levels.size())};
  for (size_t k = 0; k < levels.size(); ++k) {
    assert(k == 0 || levels[k] < levels[k - 1]);
    list.pressure[k] = 100.0 * levels[k];
    list.log_pressure[k] = std::log(100.0 * levels[k]);
  }
  return list;
}

// The fields of several quantities one after another.
Fields joined(std::initializer_list<std::vector<at::Tensor>> quantities) {
  std::vector<at::Tensor> all;
  for (const std::vector<at::Tensor>& fields : quantities) all.insert(all.end(), fields.begin(), fields.end());
  return Fields(std::move(all));
}

// Those of `count` levels from the place `from` on.
template <typename Real>
LevelFields<Real> on_levels(const Fields& fields, size_t from, size_t count) {
  LevelFields<Real> levels;
  for (size_t k = 0; k < count; ++k) levels.field[k] = fields.data<Real>(from + k);
  return levels;
}

}  // namespace

at::Tensor thickness(const at::Tensor& upper, const at::Tensor& lower) {
  return of_two(upper, lower, formula::Thickness{});
}

at::Tensor total_column_water_vapour(std::span<const double> levels, const std::vector<at::Tensor>& q,
                                     const at::Tensor& surface_pressure) {
  assert(q.size() == levels.size());
  const Fields fields = joined({q, {surface_pressure}});
  const at::Tensor out = fields.made_like();
  AT_DISPATCH_FLOATING_TYPES(out.scalar_type(), "total_column_water_vapour", [&] {
    on_points(ColumnWaterVapour<scalar_t>{level_list(levels), on_levels<scalar_t>(fields, 0, q.size()),
                                          fields.data<scalar_t>(q.size()), out.mutable_data_ptr<scalar_t>()},
              fields.points(), out.device());
  });
  return out;
}

at::Tensor surface_pressure(std::span<const double> levels, const std::vector<at::Tensor>& z,
                            const std::vector<at::Tensor>& t, const at::Tensor& surface_geopotential,
                            const SurfacePressureOptions& options) {
  const size_t n = levels.size();
  assert(z.size() == n && t.size() == (options.temperature ? n : 0));
  const Fields fields = joined({{surface_geopotential}, z, t});
  const at::Tensor out = fields.made_like();
  AT_DISPATCH_FLOATING_TYPES(out.scalar_type(), "surface_pressure", [&] {
    on_points(SurfacePressure<scalar_t>{.levels = level_list(levels),
                                        .z = on_levels<scalar_t>(fields, 1, n),
                                        .t = on_levels<scalar_t>(fields, 1 + n, t.size()),
                                        .surface_geopotential = fields.data<scalar_t>(0),
                                        .out = out.mutable_data_ptr<scalar_t>(),
                                        .lapse = options.temperature,
                                        .constant = options.adjustment ? 3.4257e-5 : 0.0,
                                        .slope = options.adjustment ? 1.5224 : 1.0},
              fields.points(), out.device());
  });
  return out;
}

at::Tensor vapour_transport(std::span<const double> levels, const std::vector<at::Tensor>& u,
                            const std::vector<at::Tensor>& v, const std::vector<at::Tensor>& q, Transport what) {
  const size_t n = levels.size();
  assert(q.size() == n && (u.size() == n || what == Transport::northward));
  assert(v.size() == n || what == Transport::eastward);
  const Fields fields = joined({q, u, v});
  const at::Tensor out = fields.made_like();
  AT_DISPATCH_FLOATING_TYPES(out.scalar_type(), "vapour_transport", [&] {
    on_points(VapourTransport<scalar_t>{what, level_list(levels), on_levels<scalar_t>(fields, n, u.size()),
                                        on_levels<scalar_t>(fields, n + u.size(), v.size()),
                                        on_levels<scalar_t>(fields, 0, n), out.mutable_data_ptr<scalar_t>()},
              fields.points(), out.device());
  });
  return out;
}

}  // namespace hens
