#include "engine/weight_file.h"

#include <cstring>

namespace hens::engine {
namespace {

std::map<std::string, uint64_t> offsets_of(const std::vector<WeightEntry>& entries) {
  std::map<std::string, uint64_t> offsets;
  for (const WeightEntry& entry : entries) offsets[entry.name] = entry.offset;
  return offsets;
}

// From the package straight to where they are used.
DeviceWeights fold_in_place(const Backend& backend, const ModelPackage& package, const Sizes& sizes, at::Device device) {
  const std::vector<WeightEntry> entries = weight_entries(sizes);
  DeviceWeights weights{Buffer(backend, weight_bytes(entries)), offsets_of(entries)};
  fold_weights(package, sizes, device, [&](const WeightEntry& entry, const at::Tensor& values) {
    const at::Tensor host = values.cpu();
    upload(backend, weights.memory.as<char>() + entry.offset, host.const_data_ptr(), entry.bytes());
  });
  backend.wait();
  return weights;
}

}  // namespace

LoadedWeights load_weights(const Backend& backend, const ModelPackage& package, const Sizes& sizes, at::Device device,
                           const fs::path&, const std::string&) {
  return {fold_in_place(backend, package, sizes, device), WeightSource::package};
}

}  // namespace hens::engine
