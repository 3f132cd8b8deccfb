// What the machine is, for the record: nothing here changes a forecast.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

#include "forecast/manifest.h"

namespace hens {

// CPU, memory, card, and the platform (forecast/platform.h).
Hardware find_hardware(at::Device device);

// Most resident memory of this process so far.
uint64_t peak_host_bytes();

}  // namespace hens
