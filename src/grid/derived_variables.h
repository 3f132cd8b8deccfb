// The variables that hens derives from a model's channels: what they are made of, what they mean in CF terms, their
// GRIB2 codes. Their formulas are in diagnostics/; docs/variables.md shows this table.
//
// Names that Earth2Studio has are spelled as there, and mean the same numbers: ws10m, ws850, r850, r2m, vpd2m. Where it
// would make `sp` and `tcwv`, which HENS models have as channels, hens makes `sp_from_levels` and `tcwv_from_levels`.
// A channel that a model has itself always wins over a derived variable of its name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grid/channels.h"

namespace hens {

enum class Derivation {
  wind_speed,
  relative_humidity,
  relative_humidity_2m,
  vapour_pressure_deficit,
  vapour_pressure_deficit_magnus,
  column_water_vapour,
  surface_pressure,
  vapour_transport,
  eastward_vapour_transport,
  northward_vapour_transport,
  heat_index,
  heat_index_table,
  thickness,
};

// Code table 4.2 of GRIB2.
struct GribCode {
  int discipline = 0, category = 0, number = 0;
  double scale = 1.0;  // a value in GRIB's units, of one in ours
  bool operator==(const GribCode&) const = default;
};

struct DerivedVariable {
  ChannelInfo info;  // quantity: as for channels, so that what is alike has like statistics
  Derivation derivation = Derivation::wind_speed;
  // Channels, in the order of the formula's arguments; some may be derived themselves (vpd850 needs r850).
  std::vector<std::string> inputs;
  bool needs_surface_geopotential = false;  // of the model's package
  std::string formula, source;
  std::string range;             // what its values cannot leave: "0 .. 100"; empty where nothing holds them
  std::optional<GribCode> grib;  // none where GRIB2 has no such parameter
};

// None where `name` is no derived variable.
std::optional<DerivedVariable> derived_variable(std::string_view name);

// One name of each kind, as tables list them; levels stand for any.
const std::vector<std::string>& derived_examples();

// What a name means, of a channel or a derived variable. Throws Error{bad_input} naming an unknown one and the nearest
// known.
ChannelInfo variable_info(std::string_view name);

// The channels that are missing among `channels` for `name`, each once; empty where a model with these has it, or can
// derive it. Requires a derived variable.
std::vector<std::string> missing_inputs(std::string_view name, const std::vector<std::string>& channels);

// Whether a model with `channels` gives `name`, as its own or derived.
bool can_give(const std::string& name, const std::vector<std::string>& channels, bool has_surface_geopotential);

// Throws Error{bad_spec} unless it does: naming what is missing, or the nearest known name.
void check_variable(const std::string& name, const std::vector<std::string>& channels, bool has_surface_geopotential);

}  // namespace hens
