// What the machine is, for the record: nothing here changes a forecast.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

#include "forecast/manifest.h"

namespace hens {

// CPU, memory, card, and the platform as far as the environment tells: Databricks (DATABRICKS_RUNTIME_VERSION),
// Kubernetes (KUBERNETES_SERVICE_HOST), docker (/.dockerenv), else local. Asks no network.
Hardware find_hardware(at::Device device);

// Most resident memory of this process so far.
uint64_t peak_host_bytes();

}  // namespace hens
