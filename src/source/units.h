// Units of fields as files spell them ("m s**-1", "knots", "degC", "g/kg"), and how values come from them into those of
// our channels. Pure functions; the text is untrusted.
//
// A small part of UDUNITS' grammar: products, quotients and powers of the units that atmospheric fields come in, with
// decimal prefixes and plain factors, and the spellings of the field beside them. What is not exact is not converted.
#pragma once

#include <optional>
#include <string>

#include "grid/channels.h"

namespace hens {

// value in our units = value in theirs * factor + offset
struct UnitConversion {
  double factor = 1, offset = 0;
  bool operator==(const UnitConversion&) const = default;
};

// From `units` to the units of `channel`. Heights (m, km, dam, gpm) become geopotential by `gravity` [m s-2], which is
// true of all units where `is_height` says that the values are geopotential heights; depths of water (mm) become mass
// per area. Without units (empty) the channel's own are meant, or metres where `is_height`. None where `units` are
// unknown or of another quantity.
std::optional<UnitConversion> unit_conversion(const std::string& units, const ChannelInfo& channel, bool is_height,
                                              double gravity);

// What may be written for `channel`, for messages: "m s-1, km h-1 or knots".
std::string expected_units(const ChannelInfo& channel, bool is_height);

// Pascals in a unit of pressure; none for anything else.
std::optional<double> pressure_unit(const std::string& units);

}  // namespace hens
