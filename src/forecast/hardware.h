// The machine with the device that computes on it, for the record.
#pragma once

#include <ATen/ATen.h>

#include "run/hardware.h"

namespace hens {

// host_hardware() with the device's name, card and driver.
Hardware find_hardware(at::Device device);

}  // namespace hens
