// What GRIB2 calls the variables that hens knows: code table 4.2's numbers, surfaces of code table 4.5, ECMWF's names
// and numbers, and how finely values are packed. docs/grib.md shows this table. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grid/derived_variables.h"

namespace hens {

// Code table 4.5: 1 ground or water, 8 top of the atmosphere, 100 isobaric [Pa], 101 mean sea level, 103 height above
// ground [m]; 255: none.
struct GribSurface {
  int type = 255;
  std::optional<int> value;
  bool operator==(const GribSurface&) const = default;
};

struct GribParameter {
  GribCode code;                // of values in GRIB's units, which `code.scale` makes of ours
  GribSurface first, second{};  // second: of layers
  std::string short_name;       // as ecCodes finds it by these codes
  int param_id = 0;
  // Values are packed as multiples of 2^exponent, in GRIB's units: at most half of that off. Chosen so that this is
  // less than half of 1.4e-4 standard deviations of the variable, which is the fast engine's own error in one step.
  int exponent = 0;

  bool on_pressure_level() const { return first.type == 100 && second.type == 255; }
};

// None where GRIB2 has no such parameter (ivt). Throws Error{bad_input} naming an unknown variable.
std::optional<GribParameter> grib_parameter(std::string_view variable);

// Why these variables cannot stand in one GRIB2 file, for `variables[position]`: it has no code, or the code of one
// before it. Empty where it can.
std::string grib_problem(const std::vector<std::string>& variables, size_t position);

}  // namespace hens
