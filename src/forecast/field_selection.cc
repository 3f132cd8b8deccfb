#include "forecast/field_selection.h"

#include <algorithm>

namespace hens {

FieldSelection::FieldSelection(const std::vector<std::string>& variables,
                               const std::vector<std::string>& model_channels) {
  for (const std::string& name : variables) {
    const auto own = std::ranges::find(model_channels, name);
    is_derived_.push_back(own == model_channels.end());
    if (is_derived_.back()) {
      derived_.emplace_back(name, model_channels);
    } else {
      channels_.push_back(static_cast<int>(own - model_channels.begin()));
    }
  }
}

at::Tensor FieldSelection::fields(const StateView& state) const {
  const at::Tensor own = channels_.empty() ? at::Tensor() : state.channels(channels_);
  if (derived_.empty()) return own.contiguous();
  std::vector<at::Tensor> fields;  // [member, lat, lon] each
  int64_t next = 0;
  auto derived = derived_.begin();
  for (const bool is_derived : is_derived_)
    fields.push_back(is_derived ? (derived++)->of(state) : own.select(1, next++));
  return at::stack(fields, 1);
}

}  // namespace hens
