// The engine's own weight file: a package's weights fused, laid out and rounded once, ready to be copied to the GPU.
//
// <folder>/<package digest>.v<format version>.hensw, little-endian:
//   [0, 4096)      "HENSWGT" and the format's version as a digit, then zeros
//   [4096, ...)    the entries of weights.h at their offsets, `bytes` in all
//   then           JSON: package digest, crc32c of the entries' names, types, shapes and offsets, bytes, crc32c of
//   every
//                  chunk of 64 MiB of the weights
//   last 16 bytes  length of the JSON, and "HENSWGT" with the version again
// Made atomically. A file that is damaged, or of another package, layout or version, is made anew, so a file that is
// used holds what its package says; whoever changes what an entry holds, and not where it lies, counts the version up.
// Several processes may make one file: the last one's stays (of the same bytes, where made on the same kind of
// device).
#pragma once

#include <optional>
#include <string>

#include "base/files.h"
#include "engine/sfno/device_weights.h"
#include "engine/sfno/weights.h"

namespace hens::engine {

enum class WeightSource { package, file };  // fused anew, or read from the weight file

constexpr uint64_t weight_chunk_bytes = uint64_t{64} << 20;

struct LoadedWeights {
  DeviceWeights weights;
  WeightSource source = WeightSource::package;
};

fs::path weight_file_path(const fs::path& folder, const std::string& package_digest);

// What a package's weight file says of itself.
struct WeightFileFacts {
  fs::path path;
  uint64_t bytes = 0;    // of the weights
  size_t checksums = 0;  // crc32c, one for each 64 MiB
};
// None where there is no file, or one that would be made anew. The weights themselves are not read.
std::optional<WeightFileFacts> weight_file_facts(const fs::path& folder, const std::string& package_digest,
                                                 const Sizes& sizes);

// The package's weights on the backend, from the file where it is right, else fused on `device` and, where `folder`
// is not empty, written there. Where the folder takes no file (no room, read-only), the weights are used all the same.
// Reads with several threads, each checksum before its bytes are used; `chunk_bytes` is for tests. Throws as
// fuse_weights does, and Error{interrupted} where a stop was asked for.
LoadedWeights load_weights(const Backend& backend, const ModelPackage& package, const Sizes& sizes, at::Device device,
                           const fs::path& folder, const std::string& package_digest,
                           uint64_t chunk_bytes = weight_chunk_bytes);

}  // namespace hens::engine
