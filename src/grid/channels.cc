#include "grid/channels.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/nearest.h"

namespace hens {
namespace {

struct Entry {
  std::string_view name, units, standard_name, long_name;
};

// Standard names: CF standard name table, version 85. Heights are in the long names: CF keeps them in coordinates.
constexpr std::array<Entry, 9> single_levels{{
    {"u10m", "m s-1", "eastward_wind", "eastward wind at 10 m"},
    {"v10m", "m s-1", "northward_wind", "northward wind at 10 m"},
    {"u100m", "m s-1", "eastward_wind", "eastward wind at 100 m"},
    {"v100m", "m s-1", "northward_wind", "northward wind at 100 m"},
    {"t2m", "K", "air_temperature", "air temperature at 2 m"},
    {"sp", "Pa", "surface_air_pressure", "surface pressure"},
    {"msl", "Pa", "air_pressure_at_mean_sea_level", "mean sea level pressure"},
    {"tcwv", "kg m-2", "atmosphere_mass_content_of_water_vapor", "total column water vapour"},
    {"d2m", "K", "dew_point_temperature", "dew point temperature at 2 m"},
}};

constexpr std::array<Entry, 7> quantities{{
    {"u", "m s-1", "eastward_wind", "eastward wind"},
    {"v", "m s-1", "northward_wind", "northward wind"},
    {"w", "Pa s-1", "lagrangian_tendency_of_air_pressure", "vertical velocity in pressure"},
    {"z", "m2 s-2", "geopotential", "geopotential"},
    {"t", "K", "air_temperature", "air temperature"},
    {"q", "kg kg-1", "specific_humidity", "specific humidity"},
    {"r", "%", "relative_humidity", "relative humidity"},
}};

constexpr int highest_level = 1100;  // hPa; no surface pressure has been higher

const Entry* single_level(std::string_view name) {
  const auto* found = std::ranges::find(single_levels, name, &Entry::name);
  return found == single_levels.end() ? nullptr : found;
}

const Entry* pressure_quantity(std::string_view name) {
  if (name.empty()) return nullptr;
  const auto* found = std::ranges::find(quantities, name.substr(0, 1), &Entry::name);
  return found == quantities.end() ? nullptr : found;
}

// The level in `z500`.
std::optional<int> level_of(std::string_view name) {
  return pressure_quantity(name) ? pressure_level(name.substr(1)) : std::nullopt;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names = hens_channels();
  for (const int level : hens_levels()) {
    for (const char* quantity : {"w", "r"}) names.push_back(fmt::format("{}{}", quantity, level));
  }
  return names;
}

}  // namespace

std::optional<int> pressure_level(std::string_view digits) {
  if (digits.empty() || digits.front() == '0') return std::nullopt;
  int level = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, level);
  if (error != std::errc() || rest != end || level < 1 || level > highest_level) return std::nullopt;
  return level;
}

const std::vector<int>& hens_levels() {
  static const std::vector<int> levels{50, 100, 150, 200, 250, 300, 400, 500, 600, 700, 850, 925, 1000};
  return levels;
}

const std::vector<std::string>& hens_channels() {
  static const std::vector<std::string> channels = [] {
    std::vector<std::string> names;
    for (const Entry& entry : single_levels) names.emplace_back(entry.name);
    for (const char* quantity : {"u", "v", "z", "t", "q"}) {
      for (const int level : hens_levels()) names.push_back(fmt::format("{}{}", quantity, level));
    }
    return names;
  }();
  return channels;
}

std::string canonical_channel(std::string_view name) { return std::string(name == "2d" ? "d2m" : name); }

bool is_channel(std::string_view name) { return single_level(name) || level_of(name); }

ChannelInfo channel_info(std::string_view name) {
  const auto text = [](std::string_view view) { return std::string(view); };
  if (const Entry* entry = single_level(name)) {
    return {text(name),        text(entry->units), text(entry->standard_name), text(entry->long_name),
            text(entry->name), std::nullopt};
  }
  if (const auto level = level_of(name)) {
    const Entry& entry = *pressure_quantity(name);
    return {text(name),
            text(entry.units),
            text(entry.standard_name),
            fmt::format("{} at {} hPa", entry.long_name, *level),
            text(entry.name),
            level};
  }
  fail(ExitCode::bad_input,
       "'{}' is not a channel{}: expected one of {}, or u v w z t q r with a pressure level in hPa, as z500", name,
       did_you_mean(name, known_names()),
       fmt::join(std::vector<std::string>(hens_channels().begin(), hens_channels().begin() + single_levels.size()),
                 ", "));
}

bool is_clipped_at_zero(std::string_view name) {
  return name == "tcwv" || name.starts_with("q") || name.starts_with("r") || name.starts_with("tp");
}

std::vector<int> channel_positions(const std::vector<std::string>& wanted, const std::vector<std::string>& available) {
  std::vector<int> positions;
  for (const std::string& name : wanted) {
    const auto found = std::ranges::find(available, name);
    if (found == available.end()) {
      fail(ExitCode::bad_spec, "channel '{}' is not there{}: there are {}", name, did_you_mean(name, available),
           fmt::join(available, " "));
    }
    positions.push_back(static_cast<int>(found - available.begin()));
  }
  return positions;
}

}  // namespace hens
