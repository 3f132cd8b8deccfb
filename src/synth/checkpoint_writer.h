// Writes a checkpoint as torch.save does: a zip archive of stored entries, data.pkl and one entry a tensor, whose data
// begin at multiples of 64 bytes. Streams: a tensor comes in blocks, its checksum follows its data.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "package/network_tensors.h"

namespace hens {

// Calls back with a tensor's raw bytes, in order, in blocks of any size.
using TensorSource = std::function<void(const NetworkTensor&, const std::function<void(std::span<const std::byte>)>&)>;

// Publishes `path` with `tensors`, named `prefix` + name, in the model_state of a checkpoint of epoch `epoch`. Requires
// that `source` gives each tensor's bytes whole, fewer than 4 GiB.
void write_checkpoint(const fs::path& path, const std::vector<NetworkTensor>& tensors, const std::string& prefix,
                      int epoch, const TensorSource& source);

}  // namespace hens
