// A derived variable of a state: what a sink gets under a name that is no channel of the model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "grid/derived_variables.h"
#include "model/engine.h"

namespace hens {

// The variable of its inputs, in the order of variable.inputs, all of one shape. `surface_geopotential` is of that
// shape, too; read only where variable.needs_surface_geopotential.
at::Tensor derive(const DerivedVariable& variable, const std::vector<at::Tensor>& inputs,
                  const at::Tensor& surface_geopotential);

class DerivedField {
 public:
  // Throws what check_variable throws of `name`, but for the surface geopotential.
  DerivedField(const std::string& name, const std::vector<std::string>& model_channels);

  // [member, lat, lon] float32 on the state's device, ordered with its work as StateView::channels is. A member's bytes
  // do not depend on the others. Throws Error{bad_spec} where the model has no surface geopotential and it is needed.
  at::Tensor of(const StateView& state) const;

 private:
  struct Input {
    int own = -1;      // position among channels_
    int derived = -1;  // position among derived_
  };
  DerivedVariable variable_;
  std::vector<Input> inputs_;
  std::vector<int> channels_;          // positions in the model's channels
  std::vector<DerivedField> derived_;  // inputs that are derived themselves
};

}  // namespace hens
