// Names that ERA5 and WeatherBench know variables by: 2m_temperature, and geopotential for all of its levels. Pure
// functions.
#pragma once

#include <optional>
#include <string>

#include "grid/channels.h"

namespace hens {

struct Era5Name {
  std::string name;        // geopotential
  std::string long_name;   // of all levels together: geopotential
  bool on_levels = false;  // one array holds all pressure levels of it
};

// None where ERA5 has no such variable: derived ones mostly.
std::optional<Era5Name> era5_name(const ChannelInfo& info);

}  // namespace hens
