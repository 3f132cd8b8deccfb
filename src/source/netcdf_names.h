// What analyses in netCDF call our channels: hens and Earth2Studio, ERA5's short names, and full names as CDS,
// WeatherBench and NeuralGCM write them. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "grid/channels.h"

namespace hens {

// Names of variables that hold the channel by itself, without a dimension of levels. `u100` is two things: the wind at
// 100 hPa in our own files, the wind at 100 m in ERA5's. `metre_winds` says which: whether the file's u10, v10, u100
// and v100 are winds at these heights.
std::vector<std::string> single_field_names(const ChannelInfo& channel, bool metre_winds);

// Names of variables that hold the channel's quantity on a dimension of levels; empty for single-level channels.
std::vector<std::string> level_field_names(const ChannelInfo& channel);

// Whether a variable of this name among those of a geopotential channel holds geopotential heights: gh, zg, gh500.
bool is_height_name(const std::string& name);

}  // namespace hens
