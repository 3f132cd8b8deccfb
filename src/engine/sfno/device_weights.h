// A model's weights on a backend.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/device/buffer.h"

namespace hens::engine {

// By the names of weights.h, which has their shapes.
struct DeviceWeights {
  Buffer memory;
  std::map<std::string, uint64_t> offsets;
  template <typename T>
  const T* at(const std::string& name) const {
    return reinterpret_cast<const T*>(memory.as<const char>() + offsets.at(name));
  }
};

}  // namespace hens::engine
