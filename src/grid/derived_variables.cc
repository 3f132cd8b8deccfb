#include "grid/derived_variables.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/nearest.h"

namespace hens {
namespace {

using Names = std::vector<std::string>;

constexpr const char* earth2studio = "Earth2Studio 0.19, models.dx.derived";
constexpr const char* above_zero = "from 0";

// {u1000, u925 ... u50, v1000 ...}: the 13 levels, highest pressure first.
Names on_levels(std::initializer_list<const char*> quantities) {
  Names names;
  for (const char* quantity : quantities) {
    for (auto level = hens_levels().rbegin(); level != hens_levels().rend(); ++level) {
      names.push_back(fmt::format("{}{}", quantity, *level));
    }
  }
  return names;
}

// The level behind `prefix`, in hPa.
std::optional<int> level_after(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) ? pressure_level(name.substr(prefix.size())) : std::nullopt;
}

DerivedVariable wind_speed(std::string_view name, std::string_view where, const std::string& words,
                           std::optional<int> level) {
  return {.info = {std::string(name), "m s-1", "wind_speed", "wind speed at " + words, "ws", level},
          .derivation = Derivation::wind_speed,
          .inputs = {fmt::format("u{}", where), fmt::format("v{}", where)},
          .formula = "sqrt(u^2 + v^2)",
          .source = earth2studio,
          .range = above_zero,
          .grib = GribCode{0, 2, 1}};
}

std::optional<DerivedVariable> wind(std::string_view name) {
  if (name == "ws10m") return wind_speed(name, "10m", "10 m", std::nullopt);
  if (name == "ws100m") return wind_speed(name, "100m", "100 m", std::nullopt);
  if (const auto level = level_after(name, "ws")) {
    return wind_speed(name, name.substr(2), fmt::format("{} hPa", *level), level);
  }
  return std::nullopt;
}

std::optional<DerivedVariable> relative_humidity(std::string_view name) {
  if (const auto level = level_after(name, "r")) {
    return DerivedVariable{
        .info = channel_info(name),
        .derivation = Derivation::relative_humidity,
        .inputs = {fmt::format("t{}", *level), fmt::format("q{}", *level)},
        .formula = "100 e(q, p) / es(t), es over water and ice mixed as in ECMWF's IFS; clipped to 0 .. 100",
        .source = "Earth2Studio 0.19; ECMWF IFS documentation, part IV (mixed phase)",
        .range = "0 .. 100",
        .grib = GribCode{0, 1, 1}};
  }
  if (name != "r2m") return std::nullopt;
  return DerivedVariable{.info = {"r2m", "%", "relative_humidity", "relative humidity at 2 m", "r", std::nullopt},
                         .derivation = Derivation::relative_humidity_2m,
                         .inputs = {"t2m", "d2m"},
                         .formula =
                             "100 e(d2m) / e(t2m), Magnus over water, over ice where t2m is below 273.16 K; "
                             "clipped to 0 .. 100",
                         .source = earth2studio,
                         .range = "0 .. 100",
                         .grib = GribCode{0, 1, 1}};
}

DerivedVariable saturation_deficit(std::string_view name, std::string_view where, const std::string& words,
                                   std::optional<int> level) {
  return {.info = {std::string(name), "hPa", "water_vapor_saturation_deficit_in_air",
                   "vapour pressure deficit at " + words, "vpd", level},
          .derivation = Derivation::vapour_pressure_deficit,
          .inputs = {fmt::format("t{}", where), fmt::format("r{}", where)},
          .formula = "6.11 exp(2.26e6/461 (1/273.16 - 1/t)) (100 - r)/100",
          .source = earth2studio,
          .grib = GribCode{0, 1, 5, 100.0}};
}

std::optional<DerivedVariable> vapour_pressure_deficit(std::string_view name) {
  if (name == "vpd2m") return saturation_deficit(name, "2m", "2 m", std::nullopt);
  if (name == "vpd2m_magnus") {
    DerivedVariable made = saturation_deficit(name, "2m", "2 m", std::nullopt);
    made.info.long_name += " by Magnus' formula";
    made.derivation = Derivation::vapour_pressure_deficit_magnus;
    made.inputs = {"t2m", "d2m"};
    made.formula = "e(t2m) - e(d2m), e = 6.112 exp(17.62 x/(243.12 + x)), x in degrees Celsius; not below 0";
    made.source = "WMO No. 8 (2018), annex 4.B";
    made.range = above_zero;
    return made;
  }
  if (const auto level = level_after(name, "vpd")) {
    return saturation_deficit(name, name.substr(3), fmt::format("{} hPa", *level), level);
  }
  return std::nullopt;
}

std::optional<DerivedVariable> from_levels(std::string_view name) {
  if (name == "tcwv_from_levels") {
    Names inputs = on_levels({"q"});
    inputs.push_back("sp");
    return DerivedVariable{.info = {std::string(name), "kg m-2", "atmosphere_mass_content_of_water_vapor",
                                    "total column water vapour from specific humidity", "tcwv", std::nullopt},
                           .derivation = Derivation::column_water_vapour,
                           .inputs = inputs,
                           .formula =
                               "trapezoid of q over the layers above the ground, the lowest q from there down "
                               "to sp, / 9.8067",
                           .source = earth2studio,
                           .grib = GribCode{0, 1, 64}};
  }
  if (name != "sp_from_levels") return std::nullopt;
  return DerivedVariable{.info = {std::string(name), "Pa", "surface_air_pressure", "surface pressure from geopotential",
                                  "sp", std::nullopt},
                         .derivation = Derivation::surface_pressure,
                         .inputs = on_levels({"z", "t"}),
                         .needs_surface_geopotential = true,
                         .formula =
                             "ln p linear in z at the surface geopotential, and a term for the lapse of "
                             "temperature in the layer",
                         .source = earth2studio,
                         .range = above_zero,
                         .grib = GribCode{0, 3, 0}};
}

DerivedVariable transport(std::string_view name, Derivation derivation, Names inputs) {
  return {.info = {std::string(name), "kg m-1 s-1", "", "vertically integrated water vapour transport", "ivt",
                   std::nullopt},
          .derivation = derivation,
          .inputs = std::move(inputs),
          .source = "as the huge ensembles of summer 2023 had it"};
}

std::optional<DerivedVariable> vapour_transport(std::string_view name) {
  if (name == "ivt") {
    DerivedVariable made = transport(name, Derivation::vapour_transport, on_levels({"u", "v", "q"}));
    made.formula = "size of 1/9.8 trapezoid over p of (q u, q v), all levels, also below the ground";
    made.range = above_zero;
    return made;
  }
  const bool east = name == "ivtu";
  if (!east && name != "ivtv") return std::nullopt;
  DerivedVariable made =
      transport(name, east ? Derivation::eastward_vapour_transport : Derivation::northward_vapour_transport,
                on_levels({east ? "u" : "v", "q"}));
  const char* word = east ? "eastward" : "northward";
  made.info.standard_name = fmt::format("{}_atmosphere_water_vapor_transport_across_unit_distance", word);
  made.info.long_name = fmt::format("{} {}", word, made.info.long_name);
  made.formula = fmt::format("1/9.8 trapezoid over p of q {}, all levels, also below the ground", east ? "u" : "v");
  made.grib = GribCode{0, 1, east ? 150 : 151};  // as ECMWF's viwve and viwvn, from the surface to the top
  return made;
}

std::optional<DerivedVariable> heat_index(std::string_view name) {
  const bool table = name == "heat_index_table";
  if (!table && name != "heat_index") return std::nullopt;
  DerivedVariable made{.info = {std::string(name), "K", "heat_index_of_air_temperature", "heat index at 2 m",
                                "heat_index", std::nullopt},
                       .derivation = table ? Derivation::heat_index_table : Derivation::heat_index,
                       .inputs = {"t2m", "d2m"},
                       .formula = "the function of (t2m, e(d2m)/e(t2m)) that Lu and Romps define, solved at each point",
                       .source = "Lu and Romps 2022, in the form of Lu et al. 2025",
                       .grib = GribCode{0, 0, 12}};
  if (table) {
    made.info.long_name += " at the nodes of a table";
    made.formula = "heat_index at the nearest lower node of 240 .. 370 K by 0.1 K and 0 .. 1 by 0.001";
    made.source = "as the huge ensembles of summer 2023 had it";
  }
  return made;
}

// thickness_500_1000: between the two levels [hPa], the upper one first.
std::optional<DerivedVariable> thickness(std::string_view name) {
  constexpr std::string_view prefix = "thickness_";
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::string_view levels = name.substr(prefix.size());
  const size_t between = levels.find('_');
  if (between == std::string_view::npos) return std::nullopt;
  const auto upper = pressure_level(levels.substr(0, between)), lower = pressure_level(levels.substr(between + 1));
  if (!upper || !lower || *upper >= *lower) return std::nullopt;
  return DerivedVariable{
      .info = {std::string(name), "m", "atmosphere_layer_thickness_expressed_as_geopotential_height_difference",
               fmt::format("thickness between {} and {} hPa", *lower, *upper), "thickness", upper},
      .derivation = Derivation::thickness,
      .inputs = {fmt::format("z{}", *upper), fmt::format("z{}", *lower)},
      .formula = "(z upper - z lower) / 9.80665",
      .source = "WMO geopotential metres",
      .grib = GribCode{0, 3, 12}};
}

bool is_in(const Names& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

bool needs_surface_geopotential(const DerivedVariable& variable, const Names& channels) {
  return variable.needs_surface_geopotential || std::ranges::any_of(variable.inputs, [&](const std::string& input) {
           const auto derived = is_in(channels, input) ? std::nullopt : derived_variable(input);
           return derived && needs_surface_geopotential(*derived, channels);
         });
}

[[noreturn]] void refuse_unknown(const std::string& name, const Names& channels) {
  Names known = channels;
  known.insert(known.end(), derived_examples().begin(), derived_examples().end());
  const std::string other = name + "_from_levels";
  fail(ExitCode::bad_spec, "channel '{}' is not there{}: there are {}; derived from them can be {}", name,
       derived_variable(other) ? fmt::format(" ('{}' derives it)", other) : did_you_mean(name, known),
       fmt::join(channels, " "), fmt::join(derived_examples(), " "));
}

}  // namespace

std::optional<DerivedVariable> derived_variable(std::string_view name) {
  for (const auto kind :
       {wind, relative_humidity, vapour_pressure_deficit, from_levels, vapour_transport, heat_index, thickness}) {
    if (auto found = kind(name)) return found;
  }
  return std::nullopt;
}

const std::vector<std::string>& derived_examples() {
  static const Names names{"ws10m",
                           "ws100m",
                           "ws850",
                           "r850",
                           "r2m",
                           "vpd2m",
                           "vpd850",
                           "vpd2m_magnus",
                           "tcwv_from_levels",
                           "sp_from_levels",
                           "ivt",
                           "ivtu",
                           "ivtv",
                           "heat_index",
                           "heat_index_table",
                           "thickness_500_1000"};
  return names;
}

ChannelInfo variable_info(std::string_view name) {
  if (!is_channel(name)) {
    if (const auto derived = derived_variable(name)) return derived->info;
    if (const std::string hint = did_you_mean(name, derived_examples()); !hint.empty()) {
      fail(ExitCode::bad_input, "'{}' is not a channel, and no variable that is derived from channels{}", name, hint);
    }
  }
  return channel_info(name);
}

std::vector<std::string> missing_inputs(std::string_view name, const std::vector<std::string>& channels) {
  Names missing;
  const auto variable = derived_variable(name);
  for (const std::string& input : variable.value().inputs) {
    if (is_in(channels, input)) continue;
    // r850 is a channel that some models have, and derived for the others.
    const Names of_input = derived_variable(input) ? missing_inputs(input, channels) : Names{input};
    for (const std::string& one : of_input) {
      if (!is_in(missing, one)) missing.push_back(one);
    }
  }
  return missing;
}

bool can_give(const std::string& name, const std::vector<std::string>& channels, bool has_surface_geopotential) {
  if (is_in(channels, name)) return true;
  const auto variable = derived_variable(name);
  return variable && missing_inputs(name, channels).empty() &&
         (has_surface_geopotential || !needs_surface_geopotential(*variable, channels));
}

void check_variable(const std::string& name, const std::vector<std::string>& channels, bool has_surface_geopotential) {
  if (can_give(name, channels, has_surface_geopotential)) return;
  const auto variable = derived_variable(name);
  if (!variable) refuse_unknown(name, channels);
  if (const Names missing = missing_inputs(name, channels); !missing.empty()) {
    fail(ExitCode::bad_spec, "'{}' is derived from {}: of these the model has no {}; its channels are {}", name,
         fmt::join(variable->inputs, " "), fmt::join(missing, " "), fmt::join(channels, " "));
  }
  fail(ExitCode::bad_spec,
       "'{}' needs the surface geopotential, which packages have that feed orography to their network (orography.nc): "
       "this one has none; leave the variable out",
       name);
}

}  // namespace hens
