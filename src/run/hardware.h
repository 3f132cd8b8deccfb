// What the machine is, for the record: nothing here changes a forecast.
#pragma once

#include <cstdint>

#include "run/manifest.h"

namespace hens {

// CPU, memory and the platform (run/platform.h). What computes (device, gpu, driver) is the caller's to say.
Hardware host_hardware();

// What steps, for the record of how fast it was: the card, or the CPU and its cores.
std::string card_name(const Hardware& hardware);

// Most resident memory of this process so far.
uint64_t peak_host_bytes();

}  // namespace hens
