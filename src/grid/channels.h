// The vocabulary of channels: what each name of a HENS model means, in CF terms. What hens derives from channels has
// names of its own (derived_variables.h).
//
// Names are spelled as Earth2Studio spells them: u10m, t2m, d2m, tcwv, z500. A package's `2d` is `d2m` here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hens {

struct ChannelInfo {
  std::string name;           // z500
  std::string units;          // UDUNITS, as CF writes them: m2 s-2
  std::string standard_name;  // CF standard name: geopotential; empty where CF has none
  std::string long_name;      // geopotential at 500 hPa
  std::string quantity;       // what is measured, without its level: u, v, z, t, q; the name itself on single levels
  std::optional<int> level;   // hPa, on pressure levels
};

// The 13 pressure levels of HENS, hPa, from 50 to 1000.
const std::vector<int>& hens_levels();

// The 74 channels of HENS in the models' order.
const std::vector<std::string>& hens_channels();

// Names by which makani's packages know a channel, in ours: 2d -> d2m; others unchanged.
std::string canonical_channel(std::string_view name);

// Whether the vocabulary has `name`: the single-level channels, and u v w z t q r at any whole level of 1..1100 hPa.
bool is_channel(std::string_view name);

// The level that `digits` write plainly: 1..1100 [hPa], without leading zeros; none for anything else.
std::optional<int> pressure_level(std::string_view digits);

// Throws Error{bad_input} naming an unknown channel and the nearest known one.
ChannelInfo channel_info(std::string_view name);

// True for channels that cannot be negative and that bred vectors clip at 0 (tcwv, and names that start with q, r or
// tp).
bool is_clipped_at_zero(std::string_view name);

// Position of each of `wanted` in `available`. Throws Error{bad_spec} naming one that is missing and what is there.
std::vector<int> channel_positions(const std::vector<std::string>& wanted, const std::vector<std::string>& available);

}  // namespace hens
