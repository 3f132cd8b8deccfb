#include "sfno/weights.h"

#include <cstdint>
#include <cstring>

#include "package/network_tensors.h"

namespace hens {

at::Tensor tensor_of(const TensorView& view) {
  const at::ScalarType type = view.type == ElementType::complex64 ? at::kComplexFloat : at::kFloat;
  const size_t alignment = view.type == ElementType::complex64 ? 8 : 4;
  if (reinterpret_cast<std::uintptr_t>(view.data) % alignment == 0) {
    // from_blob asks for a mutable pointer; nothing here writes through it.
    return at::from_blob(const_cast<std::byte*>(view.data), view.shape, at::TensorOptions(type));
  }
  const at::Tensor copy = at::empty(view.shape, at::TensorOptions(type));
  std::memcpy(copy.data_ptr(), view.data, view.bytes());
  return copy;
}

at::Tensor WeightLoader::copy(const std::string& name, const std::vector<int64_t>& shape) const {
  return tensor_of(package_.tensor(name, shape)).to(device_, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

Linear WeightLoader::linear(const std::string& name, int64_t in, int64_t out, bool bias) const {
  return {copy(name + ".weight", {out, in, 1, 1}).view({out, in}), bias ? copy(name + ".bias", {out}) : at::Tensor()};
}

Norm WeightLoader::norm(const std::string& name, int64_t width) const {
  return {copy(name + ".weight", {width}), copy(name + ".bias", {width})};
}

at::Tensor WeightLoader::big_skip(const std::string& name) const {
  const auto found = package_.weights.find(name + ".weight");
  const std::vector<int64_t> narrow = narrow_skip_shape(package_.config);
  const bool is_narrow = found != package_.weights.end() && found->second.shape == narrow;
  return linear(name, is_narrow ? narrow[1] : package_.config.input_channels(), narrow[0], false).weight;
}

}  // namespace hens
