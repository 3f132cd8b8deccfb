#include "forecast/analyses.h"

#include <memory>
#include <utility>

namespace hens {

at::Tensor Analyses::load(Time time, const ModelPackage& package) {
  if (channels_ != package.config.channels) fields_.clear();
  channels_ = package.config.channels;
  if (const auto found = fields_.find(time); found != fields_.end()) return found->second;
  State state = source_.load(time, channels_, package.grid);
  const int64_t channels = static_cast<int64_t>(state.channels.size());
  const auto values = std::make_shared<std::vector<float>>(std::move(state.values));  // the tensor's memory
  const at::Tensor fields =
      at::from_blob(values->data(), {channels, state.grid.nlat(), state.grid.nlon()}, [values](void*) {}, at::kFloat);
  if (fields_.size() == kept) fields_.erase(fields_.begin());
  fields_.emplace(time, fields);
  return fields;
}

}  // namespace hens
