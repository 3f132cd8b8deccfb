#include "forecast/field_selection.h"

#include "grid/channels.h"

namespace hens {

FieldSelection::FieldSelection(const std::vector<std::string>& variables,
                               const std::vector<std::string>& model_channels)
    : channels_(channel_positions(variables, model_channels)) {}

at::Tensor FieldSelection::fields(const StateView& state) const { return state.channels(channels_).contiguous(); }

}  // namespace hens
