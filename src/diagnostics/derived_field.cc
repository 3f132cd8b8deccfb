#include "diagnostics/derived_field.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "diagnostics/column.h"
#include "diagnostics/heat_index.h"
#include "diagnostics/humidity.h"
#include "diagnostics/wind.h"

namespace hens {
namespace {

using Tensors = std::vector<at::Tensor>;

// The levels of every column of inputs, highest pressure first, as derived_variables.cc lists them.
std::vector<double> column_levels() { return {hens_levels().rbegin(), hens_levels().rend()}; }

// The k-th quantity of inputs on levels.
Tensors quantity(const Tensors& inputs, size_t k) {
  const auto levels = static_cast<std::ptrdiff_t>(hens_levels().size()),
             first = static_cast<std::ptrdiff_t>(k) * levels;
  return {inputs.begin() + first, inputs.begin() + first + levels};
}

}  // namespace

at::Tensor derive(const DerivedVariable& variable, const Tensors& inputs, const at::Tensor& surface_geopotential) {
  const Tensors& in = inputs;
  switch (variable.derivation) {
    case Derivation::wind_speed:
      return wind_speed(in.at(0), in.at(1));
    case Derivation::relative_humidity:
      return relative_humidity(in.at(0), in.at(1), variable.info.level.value());
    case Derivation::relative_humidity_2m:
      return relative_humidity_2m(in.at(0), in.at(1));
    case Derivation::vapour_pressure_deficit:
      return vapour_pressure_deficit(in.at(0), in.at(1));
    case Derivation::vapour_pressure_deficit_magnus:
      return vapour_pressure_deficit_magnus(in.at(0), in.at(1));
    case Derivation::column_water_vapour:
      return total_column_water_vapour(column_levels(), quantity(in, 0), in.back());
    case Derivation::surface_pressure:
      return surface_pressure(column_levels(), quantity(in, 0), quantity(in, 1), surface_geopotential);
    case Derivation::vapour_transport:
      return vapour_transport(column_levels(), quantity(in, 0), quantity(in, 1), quantity(in, 2));
    case Derivation::eastward_vapour_transport:
      return vapour_transport(column_levels(), quantity(in, 0), {}, quantity(in, 1), Transport::eastward);
    case Derivation::northward_vapour_transport:
      return vapour_transport(column_levels(), {}, quantity(in, 0), quantity(in, 1), Transport::northward);
    case Derivation::heat_index:
      return heat_index(in.at(0), in.at(1));
    case Derivation::heat_index_table:
      return heat_index_table(in.at(0), in.at(1));
    case Derivation::thickness:
      return thickness(in.at(0), in.at(1));
  }
  return {};
}

DerivedField::DerivedField(const std::string& name, const std::vector<std::string>& model_channels) {
  check_variable(name, model_channels, true);
  variable_ = derived_variable(name).value();
  for (const std::string& input : variable_.inputs) {
    const auto own = std::ranges::find(model_channels, input);
    if (own != model_channels.end()) {
      inputs_.push_back({.own = static_cast<int>(channels_.size())});
      channels_.push_back(static_cast<int>(own - model_channels.begin()));
    } else {
      inputs_.push_back({.derived = static_cast<int>(derived_.size())});
      derived_.emplace_back(input, model_channels);
    }
  }
}

at::Tensor DerivedField::of(const StateView& state) const {
  const at::NoGradGuard no_gradients;
  const at::Tensor ground = variable_.needs_surface_geopotential ? state.surface_geopotential() : at::Tensor();
  if (variable_.needs_surface_geopotential && !ground.defined()) {
    fail(ExitCode::bad_spec, "'{}' needs the surface geopotential, and the model's package has none (orography.nc)",
         variable_.info.name);
  }
  const at::Tensor own = channels_.empty() ? at::Tensor() : state.channels(channels_);  // [member, own, lat, lon]
  Tensors derived;                                                                      // [member, lat, lon] each
  for (const DerivedField& field : derived_) derived.push_back(field.of(state));
  Tensors members;
  for (int64_t m = 0; m < (own.defined() ? own : derived.front()).size(0); ++m) {
    Tensors inputs;
    for (const Input& input : inputs_) {
      inputs.push_back(input.own >= 0 ? own[m][input.own] : derived[static_cast<size_t>(input.derived)][m]);
    }
    members.push_back(derive(variable_, inputs, ground));
  }
  return at::stack(members);
}

}  // namespace hens
