// What a sink sees of a state: the fields that it names, over its region, where the model's channels are more.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "grid/region.h"
#include "model/engine.h"

namespace hens {

class FieldSelection {
 public:
  // `cut`: of the region; none for all of the globe. Throws Error{bad_spec} naming a variable that the model does not
  // have.
  FieldSelection(const std::vector<std::string>& variables, const std::vector<std::string>& model_channels,
                 std::optional<RegionCut> cut = std::nullopt);

  size_t size() const { return channels_.size(); }

  // [member, variable, lat, lon], or [member, variable, point], float32 on the state's device, contiguous.
  at::Tensor fields(const StateView& state) const;

  // Starts to bring them to the host, as StateView::fetch does.
  std::function<at::Tensor()> fetch(const StateView& state) const;

 private:
  std::vector<int> channels_;  // [variable]: its position in the model's channels
  std::optional<RegionCut> cut_;
};

}  // namespace hens
