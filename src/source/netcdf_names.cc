#include "source/netcdf_names.h"

#include <algorithm>

#include <fmt/format.h>

namespace hens {
namespace {

struct Names {
  const char* ours;
  std::vector<std::string> theirs;
};

const std::vector<std::string>* find_names(const std::vector<Names>& table, const std::string& ours) {
  const auto found = std::ranges::find_if(table, [&](const Names& names) { return ours == names.ours; });
  return found == table.end() ? nullptr : &found->theirs;
}

bool is_ambiguous(const std::string& name) {
  return name == "u10" || name == "v10" || name == "u100" || name == "v100";
}

}  // namespace

std::vector<std::string> single_field_names(const ChannelInfo& channel, bool metre_winds) {
  static const std::vector<Names> table{
      {"u10m", {"u10", "10u", "10m_u_component_of_wind"}},
      {"v10m", {"v10", "10v", "10m_v_component_of_wind"}},
      {"u100m", {"u100", "100u", "100m_u_component_of_wind"}},
      {"v100m", {"v100", "100v", "100m_v_component_of_wind"}},
      {"t2m", {"2t", "2m_temperature"}},
      {"sp", {"surface_pressure"}},
      {"msl", {"mean_sea_level_pressure"}},
      {"tcwv", {"total_column_water_vapour"}},
      {"d2m", {"2d", "2m_dewpoint_temperature"}},
  };
  std::vector<std::string> names{channel.name};
  if (channel.quantity == "z" && channel.level) {
    for (const char* height : {"gh", "zg"}) names.push_back(fmt::format("{}{}", height, *channel.level));
  }
  if (const auto* others = find_names(table, channel.name)) names.insert(names.end(), others->begin(), others->end());
  const bool on_level = channel.level.has_value();
  std::erase_if(names, [&](const std::string& name) { return is_ambiguous(name) && on_level == metre_winds; });
  return names;
}

std::vector<std::string> level_field_names(const ChannelInfo& channel) {
  static const std::vector<Names> table{
      {"u", {"u", "u_component_of_wind"}}, {"v", {"v", "v_component_of_wind"}},
      {"w", {"w", "vertical_velocity"}},   {"z", {"z", "geopotential", "gh", "geopotential_height", "zg", "hgt"}},
      {"t", {"t", "temperature"}},         {"q", {"q", "specific_humidity"}},
      {"r", {"r", "relative_humidity"}},
  };
  const auto* names = channel.level ? find_names(table, channel.quantity) : nullptr;
  return names ? *names : std::vector<std::string>{};
}

bool is_height_name(const std::string& name) {
  return name.starts_with("gh") || name.starts_with("zg") || name == "hgt" || name == "geopotential_height";
}

}  // namespace hens
