#include "grid/era5_names.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace hens {
namespace {

struct Row {
  std::string_view ours, theirs;
};

// As in WeatherBench 2's copies of ERA5, and its names of derived variables.
constexpr std::array<Row, 11> single_levels{{{"u10m", "10m_u_component_of_wind"},
                                             {"v10m", "10m_v_component_of_wind"},
                                             {"u100m", "100m_u_component_of_wind"},
                                             {"v100m", "100m_v_component_of_wind"},
                                             {"t2m", "2m_temperature"},
                                             {"d2m", "2m_dewpoint_temperature"},
                                             {"sp", "surface_pressure"},
                                             {"msl", "mean_sea_level_pressure"},
                                             {"tcwv", "total_column_water_vapour"},
                                             {"ws10m", "10m_wind_speed"},
                                             {"ws100m", "100m_wind_speed"}}};
constexpr std::array<Row, 8> quantities{{{"u", "u_component_of_wind"},
                                         {"v", "v_component_of_wind"},
                                         {"w", "vertical_velocity"},
                                         {"z", "geopotential"},
                                         {"t", "temperature"},
                                         {"q", "specific_humidity"},
                                         {"r", "relative_humidity"},
                                         {"ws", "wind_speed"}}};

template <size_t size>
std::string_view theirs(const std::array<Row, size>& rows, std::string_view ours) {
  const auto* row = std::ranges::find(rows, ours, &Row::ours);
  return row == rows.end() ? std::string_view() : row->theirs;
}

}  // namespace

std::optional<Era5Name> era5_name(const ChannelInfo& info) {
  const std::string name(info.level ? theirs(quantities, info.quantity) : theirs(single_levels, info.name));
  if (name.empty()) return std::nullopt;
  if (!info.level) return Era5Name{name, info.long_name, false};
  const std::string at = fmt::format(" at {} hPa", *info.level);
  std::string words = info.long_name;
  if (words.ends_with(at)) words.resize(words.size() - at.size());
  return Era5Name{name, words, true};
}

}  // namespace hens
