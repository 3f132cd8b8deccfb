// The engine's own weight file: a package's weights folded, laid out and rounded once, ready to be copied to the GPU.
//
// <folder>/<package digest>.<format version>.hensw, little-endian:
//   8 bytes   "HENSW" and the format's version
//   8 bytes   length of the header
//   header    JSON: source digest, sizes, bytes of the weights, crc32c of every chunk of 64 MiB
//   weights   from a multiple of 4096 on, the entries of weights.h at their offsets
// Made atomically. A file that is damaged, or of another package, sizes or version, is made anew; so a file that is used
// always holds what its package says.
#pragma once

#include <string>

#include "engine/network.h"
#include "engine/weights.h"

namespace hens::engine {

enum class WeightSource { package, file };  // folded anew, or read from the weight file

struct LoadedWeights {
  DeviceWeights weights;
  WeightSource source = WeightSource::package;
};

fs::path weight_file_path(const fs::path& folder, const std::string& package_digest);

// What a file says of itself; empty where it is not there or not a weight file of this version.
struct WeightFileFacts {
  std::string package_digest;
  uint64_t bytes = 0;
};
WeightFileFacts weight_file_facts(const fs::path& path);

// The package's weights on the backend, from the file where it is right, else folded on `device` and, where `folder`
// is not empty, written there. Where the folder takes no file (no room, read-only), the weights are used all the same.
LoadedWeights load_weights(const Backend& backend, const ModelPackage& package, const Sizes& sizes, at::Device device,
                           const fs::path& folder, const std::string& package_digest);

}  // namespace hens::engine
