// What a sink sees of a state: the fields that it names, where the model's channels lie in another order or are more.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/engine.h"

namespace hens {

class FieldSelection {
 public:
  // Throws Error{bad_spec} naming a variable that the model does not have.
  FieldSelection(const std::vector<std::string>& variables, const std::vector<std::string>& model_channels);

  size_t size() const { return channels_.size(); }

  // [member, variable, lat, lon] float32 on the state's device, contiguous.
  at::Tensor fields(const StateView& state) const;

  // Starts to bring them to the host, as StateView::fetch does.
  std::function<at::Tensor()> fetch(const StateView& state) const { return state.fetch(channels_); }

 private:
  std::vector<int> channels_;  // [variable]: its position in the model's channels
};

}  // namespace hens
