// The tensors of the network that a configuration implies: names, shapes and element types, as makani's SFNO has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "package/package.h"

namespace hens {

struct NetworkTensor {
  std::string name;            // blocks.3.filter.filter.weight
  std::vector<int64_t> shape;  // 1x1 convolutions [out, in, 1, 1]; spectral filters [in, out, l]
  ElementType type = ElementType::float32;
};

// In the order of makani's state dict. The big skip, where config.big_skip says so, takes all input channels.
std::vector<NetworkTensor> network_tensors(const ModelConfig& config);

// `name` without `module.` and `model.` in front.
std::string_view bare_tensor_name(std::string_view name);

// Whether a tensor of this bare or full name is part of the network (and not of a preprocessor, say): what hens would
// leave out of it makes a different network.
bool is_network_tensor(std::string_view name);

// Shape of residual_transform.weight where the skip takes the state alone, as makani had it before 2024-01-22.
std::vector<int64_t> narrow_skip_shape(const ModelConfig& config);

// Tensors of the package's checkpoint that are none of the network's, by name.
std::vector<std::string> unknown_tensors(const ModelPackage& package);

// What is wrong with the package's tensors, one line each: missing, of another shape or type, or unknown to the
// network.
std::vector<std::string> missing_or_wrong_tensors(const ModelPackage& package);

}  // namespace hens
