#include "sfno/forcing.h"

#include <cmath>

#include "model/zenith.h"

namespace hens {
namespace {

at::Tensor as_float(const std::vector<double>& degrees) { return at::tensor(degrees, at::kDouble).to(at::kFloat); }

// Coordinates of rows or columns as the waves take them: radians where the config holds coordinates, else fractions of
// the grid.
at::Tensor wave_coordinate(const ModelConfig& config, const std::vector<double>& degrees) {
  if (config.has_coordinates) return at::deg2rad(as_float(degrees));
  const auto n = static_cast<int64_t>(degrees.size());
  return at::linspace(0, 1, n + 1, at::kFloat).slice(0, 0, n);
}

void add_grid(const ModelPackage& package, std::vector<at::Tensor>& features) {
  const int64_t nlat = package.grid.nlat(), nlon = package.grid.nlon();
  const at::Tensor y = wave_coordinate(package.config, package.grid.lat).unsqueeze(1);
  const at::Tensor x = wave_coordinate(package.config, package.grid.lon).unsqueeze(0);
  for (int k = 1; k <= package.config.grid_frequencies; ++k) {
    for (const at::Tensor& angle : {y * k, x * k}) features.push_back(at::sin(angle).expand({nlat, nlon}));
    if (!package.config.add_cos_to_grid) continue;
    for (const at::Tensor& angle : {y * k, x * k}) features.push_back(at::cos(angle).expand({nlat, nlon}));
  }
}

// To [0, 1], then to zero mean and unit standard deviation (with n - 1, and 1e-6 added).
at::Tensor normalised_orography(const at::Tensor& height) {
  const at::Tensor z = (height - height.min()) / (height.max() - height.min());
  return (z - z.mean()) / (z.std() + 1e-6);
}

at::Tensor on_grid(const std::vector<float>& values, const LatLonGrid& grid) {
  return at::tensor(values, at::kFloat).view({grid.nlat(), grid.nlon()});
}

}  // namespace

at::Tensor static_features(const ModelPackage& package) {
  std::vector<at::Tensor> features;
  if (package.config.add_grid) add_grid(package, features);
  if (package.config.add_orography) features.push_back(normalised_orography(on_grid(package.orography, package.grid)));
  if (package.config.add_landmask) {
    const at::Tensor land = on_grid(package.land_mask, package.grid).trunc();  // a coast is sea
    features.push_back(1 - land);
    features.push_back(land);
  }
  if (features.empty()) return at::empty({package.grid.nlat(), package.grid.nlon(), 0}, at::kFloat);
  return at::stack(features, -1);
}

at::Tensor surface_geopotential(const ModelPackage& package, at::Device device) {
  if (package.orography.empty()) return {};
  return on_grid(package.orography, package.grid).to(device);
}

at::Tensor sun_feature(const LatLonGrid& grid, Time time, SunKind kind) {
  const std::vector<int64_t> shape{grid.nlat(), grid.nlon(), 1};
  if (kind == SunKind::float32) return at::tensor(cos_zenith(sun<float>(time), grid), at::kFloat).view(shape);
  return at::tensor(cos_zenith(sun<double>(time), grid), at::kDouble).to(at::kFloat).view(shape);
}

}  // namespace hens
