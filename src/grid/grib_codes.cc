#include "grid/grib_codes.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace hens {
namespace {

struct Names {
  std::string_view short_name;
  int param_id;
};

// Of a quantity on pressure levels, and of what is on one level alone.
struct Entry {
  std::string_view quantity;
  int category, number;
  Names names;
};

constexpr std::array<Entry, 9> on_levels{{
    {"u", 2, 2, {"u", 131}},
    {"v", 2, 3, {"v", 132}},
    {"w", 2, 8, {"w", 135}},
    {"z", 3, 4, {"z", 129}},
    {"t", 0, 0, {"t", 130}},
    {"q", 1, 0, {"q", 133}},
    {"r", 1, 1, {"r", 157}},
    {"ws", 2, 1, {"ws", 10}},
    {"vpd", 1, 5, {"satd", 3056}},
}};

struct Single {
  std::string_view variable;
  int category, number;
  GribSurface first, second;
  Names names;
};

constexpr GribSurface none{}, ground{1, std::nullopt}, top{8, std::nullopt}, sea_level{101, std::nullopt};
constexpr GribSurface height(int metres) { return {103, metres}; }

const std::vector<Single>& singles() {
  static const std::vector<Single> all{
      {"u10m", 2, 2, height(10), none, {"10u", 165}},
      {"v10m", 2, 3, height(10), none, {"10v", 166}},
      {"u100m", 2, 2, height(100), none, {"100u", 228246}},
      {"v100m", 2, 3, height(100), none, {"100v", 228247}},
      {"t2m", 0, 0, height(2), none, {"2t", 167}},
      {"d2m", 0, 6, height(2), none, {"2d", 168}},
      {"sp", 3, 0, ground, none, {"sp", 134}},
      {"msl", 3, 0, sea_level, none, {"msl", 151}},
      {"tcwv", 1, 64, ground, top, {"tcwv", 137}},
      {"ws10m", 2, 1, height(10), none, {"10si", 207}},
      {"ws100m", 2, 1, height(100), none, {"100si", 228249}},
      {"r2m", 1, 1, height(2), none, {"2r", 260242}},
      {"vpd2m", 1, 5, height(2), none, {"satd", 3056}},
      {"vpd2m_magnus", 1, 5, height(2), none, {"satd", 3056}},
      {"tcwv_from_levels", 1, 64, ground, top, {"tcwv", 137}},
      {"sp_from_levels", 3, 0, ground, none, {"sp", 134}},
      {"ivtu", 1, 150, ground, top, {"viwve", 162071}},
      {"ivtv", 1, 151, ground, top, {"viwvn", 162072}},
      {"heat_index", 0, 12, height(2), none, {"heatx", 260004}},
      {"heat_index_table", 0, 12, height(2), none, {"heatx", 260004}},
  };
  return all;
}

// Humidity has a scale of its own at every height.
int humidity_exponent(int level) {
  if (level < 200) return -36;
  if (level < 300) return -30;
  return level < 400 ? -27 : -25;
}

// By the quantity, as statistics/lattice.h chooses its steps.
int exponent_of(const ChannelInfo& info) {
  const std::string& quantity = info.quantity;
  if (quantity == "t" || quantity == "t2m" || quantity == "d2m" || quantity == "heat_index") return -10;
  if (quantity == "sp" || quantity == "msl" || quantity == "z") return -3;
  if (quantity == "tcwv") return -10;
  if (quantity == "q") return humidity_exponent(info.level.value_or(1000));
  if (quantity == "w") return -16;
  if (quantity == "r") return -9;
  if (quantity == "vpd") return -4;  // Pa
  if (quantity == "ivt") return -6;
  if (quantity == "thickness") return -7;
  return -11;  // winds
}

GribParameter parameter(const ChannelInfo& info, GribCode code, GribSurface first, GribSurface second, Names names) {
  return {code, first, second, std::string(names.short_name), names.param_id, exponent_of(info)};
}

GribSurface isobaric(int level) { return {100, level * 100}; }

// thickness_500_1000: of the layer between the two.
std::optional<GribParameter> thickness(const DerivedVariable& variable) {
  const std::string& name = variable.info.name;
  const int lower = pressure_level(std::string_view(name).substr(name.rfind('_') + 1)).value();
  return parameter(variable.info, *variable.grib, isobaric(*variable.info.level), isobaric(lower), {"thick", 260077});
}

}  // namespace

std::optional<GribParameter> grib_parameter(std::string_view variable) {
  const ChannelInfo info = variable_info(variable);
  const auto derived = derived_variable(variable);
  if (derived && derived->derivation == Derivation::thickness) return thickness(*derived);
  const double scale = derived && derived->grib ? derived->grib->scale : 1.0;
  const auto single = std::ranges::find(singles(), variable, &Single::variable);
  if (single != singles().end()) {
    return parameter(info, {0, single->category, single->number, scale}, single->first, single->second, single->names);
  }
  const auto* entry = std::ranges::find(on_levels, info.quantity, &Entry::quantity);
  if (!info.level || entry == on_levels.end()) return std::nullopt;
  return parameter(info, {0, entry->category, entry->number, scale}, isobaric(*info.level), none, entry->names);
}

std::string grib_problem(const std::vector<std::string>& variables, size_t position) {
  const auto own = grib_parameter(variables.at(position));
  if (!own) {
    return fmt::format("'{}' has no code in GRIB2: zarr and netcdf take it", variables[position]);
  }
  for (size_t k = 0; k < position; ++k) {
    const auto other = grib_parameter(variables[k]);
    if (!other || other->code != own->code || other->first != own->first || other->second != own->second) continue;
    return fmt::format("'{}' has the code that '{}' has in GRIB2: one file cannot tell them apart", variables[position],
                       variables[k]);
  }
  return "";
}

}  // namespace hens
