#include "package/network_tensors.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/ranges.h>

namespace hens {
namespace {

constexpr std::string_view skip_name = "residual_transform.weight";

class Lister {
 public:
  void convolution(const std::string& name, int64_t in, int64_t out, bool bias) {
    add(name + ".weight", {out, in, 1, 1});
    if (bias) add(name + ".bias", {out});
  }
  void norm(const std::string& name, int64_t width) {
    add(name + ".weight", {width});
    add(name + ".bias", {width});
  }
  void add(std::string name, std::vector<int64_t> shape, ElementType type = ElementType::float32) {
    tensors.push_back({std::move(name), std::move(shape), type});
  }

  std::vector<NetworkTensor> tensors;
};

std::string_view type_name(ElementType type) { return type == ElementType::float32 ? "float32" : "complex64"; }

std::string described(const std::vector<int64_t>& shape, ElementType type) {
  return fmt::format("{} [{}]", type_name(type), fmt::join(shape, ", "));
}

}  // namespace

std::vector<NetworkTensor> network_tensors(const ModelConfig& config) {
  const int64_t in = config.input_channels(), out = static_cast<int64_t>(config.channels.size());
  const int64_t embed = config.embed_dim, hidden = static_cast<int64_t>(config.embed_dim * config.mlp_ratio);
  Lister list;
  list.convolution("encoder.fwd.0", in, embed, true);
  list.convolution("encoder.fwd.2", embed, embed, false);
  for (int k = 0; k < config.num_layers; ++k) {
    const std::string block = fmt::format("blocks.{}.", k);
    list.norm(block + "norm0", embed);
    list.add(block + "filter.filter.weight", {embed, embed, config.lmax}, ElementType::complex64);
    list.norm(block + "norm1", embed);
    list.convolution(block + "outer_skip", embed, embed, false);
    list.convolution(block + "mlp.fwd.0", embed, hidden, true);
    list.convolution(block + "mlp.fwd.3", hidden, embed, true);
  }
  list.convolution("decoder.fwd.0", embed, embed, true);
  list.convolution("decoder.fwd.2", embed, out, false);
  if (config.big_skip) list.convolution("residual_transform", in, out, false);
  return list.tensors;
}

std::string_view bare_tensor_name(std::string_view name) {
  for (const std::string_view prefix : {"module.", "model."}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  return name;
}

bool is_network_tensor(std::string_view name) {
  constexpr std::array<std::string_view, 5> parts = {"encoder.", "blocks.", "decoder.", "residual_transform.",
                                                     "pos_embed"};
  const std::string_view bare = bare_tensor_name(name);
  return std::ranges::any_of(parts, [&](std::string_view part) { return bare.starts_with(part); });
}

std::vector<int64_t> narrow_skip_shape(const ModelConfig& config) {
  const auto channels = static_cast<int64_t>(config.channels.size());
  return {channels, channels, 1, 1};
}

std::vector<std::string> unknown_tensors(const ModelPackage& package) {
  std::set<std::string> known;
  for (const NetworkTensor& expected : network_tensors(package.config)) known.insert(expected.name);
  std::vector<std::string> unknown;
  for (const auto& [name, tensor] : package.weights) {
    if (!known.contains(name)) unknown.push_back(name);
  }
  return unknown;
}

std::vector<std::string> missing_or_wrong_tensors(const ModelPackage& package) {
  std::vector<std::string> problems;
  for (const NetworkTensor& expected : network_tensors(package.config)) {
    const auto found = package.weights.find(expected.name);
    if (found == package.weights.end()) {
      problems.push_back(
          fmt::format("{} is missing, expected {}", expected.name, described(expected.shape, expected.type)));
      continue;
    }
    const TensorView& tensor = found->second;
    const bool narrow = expected.name == skip_name && tensor.shape == narrow_skip_shape(package.config);
    if (tensor.type != expected.type || (tensor.shape != expected.shape && !narrow)) {
      problems.push_back(fmt::format("{} is {}, expected {}", expected.name, described(tensor.shape, tensor.type),
                                     described(expected.shape, expected.type)));
    }
  }
  for (const std::string& name : unknown_tensors(package)) {
    problems.push_back(fmt::format("{} is no part of the network that config.json describes", name));
  }
  return problems;
}

}  // namespace hens
