// What a sink sees of a state: the fields that it names, over its region, where the model's channels are more. Names
// that are no channel of the model are derived from its channels, on the state's device.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/derived_field.h"
#include "grid/region.h"
#include "model/engine.h"

namespace hens {

// Of fields [..., lat, lon] of all of the globe: [..., lat, lon] of the box, or [..., point]; contiguous, where they
// are.
at::Tensor cut_out(const at::Tensor& fields, const RegionCut& cut);

class FieldSelection {
 public:
  // `cut`: of the region; none for all of the globe. Throws Error{bad_spec} naming a variable that the model does not
  // have, and what it lacks to derive it.
  FieldSelection(const std::vector<std::string>& variables, const std::vector<std::string>& model_channels,
                 std::optional<RegionCut> cut = std::nullopt);

  size_t size() const { return channels_.size() + derived_.size(); }

  // [member, variable, lat, lon], or [member, variable, point], float32 on the state's device, contiguous.
  at::Tensor fields(const StateView& state) const;

  // Starts to bring them to the host, as StateView::fetch does.
  std::function<at::Tensor()> fetch(const StateView& state) const {
    return derived_.empty() && !cut_ ? state.fetch(channels_) : state.bring(fields(state));
  }

 private:
  at::Tensor whole(const StateView& state) const;  // of all of the globe

  std::vector<int> channels_;          // positions in the model's channels, of the variables that are channels
  std::vector<DerivedField> derived_;  // the others
  std::vector<bool> is_derived_;       // [variable]
  std::optional<RegionCut> cut_;
};

}  // namespace hens
