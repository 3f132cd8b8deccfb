// Plausible global means and standard deviations of the HENS channels: what a synthetic package says of its climate.
#pragma once

#include <string>
#include <vector>

namespace hens {

struct ChannelClimate {
  float mean, std;  // in the channel's units; std positive
};

// Requires a channel of hens_channels(). From a standard atmosphere, rounded to what reanalyses show: two or three
// digits.
ChannelClimate channel_climate(const std::string& channel);

}  // namespace hens
