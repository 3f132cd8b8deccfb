#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/parallel.h"
#include "grid/channels.h"
#include "source/source.h"

namespace hens {
namespace {

constexpr double gravity = 9.80665;  // m s-2

struct Bounds {
  double low, high;
  const char* hint;  // what the values may be instead
};

// Height of a pressure level in the ICAO standard atmosphere [m]; its stratosphere is isothermal above 226.32 hPa.
double standard_height(double hectopascal) {
  if (hectopascal > 226.3206) return 44330.77 * (1.0 - std::pow(hectopascal / 1013.25, 0.1902632));
  return 11000.0 + 6341.62 * std::log(226.3206 / hectopascal);
}

// Generous: beyond every analysis of the record, within what another unit or another field would give. Geopotential may
// leave the standard atmosphere by 15 % (polar night, upper levels) and by 12000 m2 s-2 (a typhoon's 1000 hPa surface).
// Small negative humidities are spectral truncation.
Bounds bounds_of(const ChannelInfo& info) {
  const std::string& quantity = info.quantity;
  if (quantity == "t" || quantity == "t2m" || quantity == "d2m") return {130.0, 350.0, "are these degrees Celsius?"};
  if (quantity == "sp") return {40000.0, 115000.0, "is this hPa, or the pressure of another level?"};
  if (quantity == "msl") return {85000.0, 115000.0, "is this hPa, or the pressure at the surface?"};
  if (quantity == "tcwv") return {-0.5, 150.0, "is this another unit than kg m-2?"};
  if (quantity == "q") return {-1e-3, 0.06, "is this g/kg, or relative humidity?"};
  if (quantity == "r") return {-20.0, 250.0, "is this another unit than %?"};
  if (quantity == "w") return {-100.0, 100.0, "is this another unit than Pa s-1?"};
  if (quantity == "z") {
    const double expected = standard_height(*info.level) * gravity, width = 0.15 * std::abs(expected) + 12000.0;
    return {expected - width, expected + width, "is this height instead of geopotential, or another level?"};
  }
  return {-200.0, 200.0, "is this another unit than m s-1?"};  // winds
}

struct Place {
  double lat, lon;
};

Place place_of(const State& state, size_t point) {
  return {state.grid.lat[point / state.grid.nlon()], state.grid.lon[point % state.grid.nlon()]};
}

void check_finite(const State& state, size_t c, const std::string& origin) {
  const auto values = state.channel(c);
  const auto bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
  if (bad == values.end()) return;
  const Place at = place_of(state, bad - values.begin());
  fail(ExitCode::bad_input,
       "{}: channel {} at {} is not finite: {} at latitude {}, longitude {}; the file misses "
       "points that the model needs (or calls their values missing or not valid)",
       origin, state.channels[c], iso_time(state.valid_time), *bad, at.lat, at.lon);
}

void check_values(const State& state, size_t c, const std::string& origin) {
  const ChannelInfo info = channel_info(state.channels[c]);
  const Bounds bounds = bounds_of(info);
  const auto values = state.channel(c);
  // Written so that NaN fails too.
  const auto bad = std::ranges::find_if(values, [&](float v) { return !(v >= bounds.low && v <= bounds.high); });
  if (bad == values.end()) return;
  const Place at = place_of(state, bad - values.begin());
  // No other unit makes a value as far out as this: it was not read right, or stands for a missing one.
  const bool absurd = std::abs(*bad) > 1e7;
  fail(ExitCode::bad_input,
       "{}: channel {} at {} is {} at latitude {}, longitude {}: expected {:.6g} .. {:.6g} {}; {}; for a state that is "
       "meant to be so, initial_conditions.check: finite",
       origin, info.name, iso_time(state.valid_time), *bad, at.lat, at.lon, bounds.low, bounds.high, info.units,
       absurd ? "is the field damaged, or this the mark of a missing value?" : bounds.hint);
}

// Geopotential and, where it is there, temperature of one pressure level.
struct LevelFields {
  int level = 0;                // hPa
  std::span<const float> z, t;  // t may be empty
};

// From the top down.
std::vector<LevelFields> levels_of(const State& state) {
  std::map<int, LevelFields> levels;
  for (size_t c = 0; c < state.channels.size(); ++c) {
    const ChannelInfo info = channel_info(state.channels[c]);
    if (!info.level || (info.quantity != "z" && info.quantity != "t")) continue;
    (info.quantity == "z" ? levels[*info.level].z : levels[*info.level].t) = state.channel(c);
  }
  std::vector<LevelFields> found;
  for (auto& [level, fields] : levels) {
    fields.level = level;
    if (!fields.z.empty()) found.push_back(fields);
  }
  return found;
}

// The air between two levels is as warm as its thickness says (hypsometric equation: the difference of geopotential is
// R times the mean virtual temperature times the logarithm of the pressures' ratio). In analyses it lies within 20 K of
// the temperatures at its two ends, in the air that is made up below mountains; in coarse and idealised states within
// 40 K. Where a temperature is missing, the extremes of the atmosphere take its place.
constexpr double gas_constant = 287.05;                         // J kg-1 K-1, dry air
constexpr double most_deviation = 60.0;                         // K
constexpr double coldest_layer = 130.0, warmest_layer = 350.0;  // K, as for temperatures

void check_thickness(const State& state, const LevelFields& upper, const LevelFields& lower,
                     const std::string& origin) {
  const double per_kelvin = gas_constant * std::log(static_cast<double>(lower.level) / upper.level);
  const bool has_temperatures = !upper.t.empty() && !lower.t.empty();
  for (size_t i = 0; i < upper.z.size(); ++i) {
    const double mean = (static_cast<double>(upper.z[i]) - lower.z[i]) / per_kelvin;
    const double low = has_temperatures ? std::min(upper.t[i], lower.t[i]) - most_deviation : coldest_layer;
    const double high = has_temperatures ? std::max(upper.t[i], lower.t[i]) + most_deviation : warmest_layer;
    if (mean >= low && mean <= high) continue;  // false for NaN
    const Place at = place_of(state, i);
    fail(ExitCode::bad_input,
         "{0}: channels z{1} and z{2} at {3} do not belong together: their difference of {4:.6g} m2 s-2 at latitude "
         "{5}, longitude {6} would be a layer of air of {7:.0f} K{8}, expected {9:.0f} .. {10:.0f} K; is one of them "
         "another field, level or unit, or noise? For a state that is meant to be so, initial_conditions.check: finite",
         origin, upper.level, lower.level, iso_time(state.valid_time), upper.z[i] - lower.z[i], at.lat, at.lon, mean,
         has_temperatures
             ? fmt::format(" where t{} is {:.0f} K and t{} {:.0f} K", upper.level, upper.t[i], lower.level, lower.t[i])
             : std::string(),
         low, high);
  }
}

// Mean of the rows with latitude in [low, high]; NaN where there is none.
double mean_between(const State& state, size_t c, double low, double high) {
  double sum = 0;
  size_t count = 0;
  for (int i = 0; i < state.grid.nlat(); ++i) {
    if (state.grid.lat[i] < low || state.grid.lat[i] > high) continue;
    for (const float value : state.channel(c).subspan(size_t(i) * state.grid.nlon(), state.grid.nlon())) sum += value;
    count += state.grid.nlon();
  }
  return sum / static_cast<double>(count);
}

// Within 5 degrees of the pole Antarctica is a plateau some 2.8 km high, with 650 .. 720 hPa at its surface in every
// season and every model; the Arctic is a sea, with 960 .. 1050 hPa. Both must be the wrong way round to be called
// swapped, so a planet without an Antarctica (the analytic one) or a grid without poles never is.
void check_hemispheres(const State& state, size_t pressure, const std::string& origin) {
  const double north = mean_between(state, pressure, 85, 90), south = mean_between(state, pressure, -90, -85);
  if (north < 85000 && south > 90000) {
    fail(ExitCode::bad_input,
         "{}: the hemispheres are swapped: surface pressure (sp) is {:.0f} hPa at the north pole and "
         "{:.0f} hPa at the south pole, where Antarctica is; the file's latitudes are upside down",
         origin, north / 100, south / 100);
  }
}

// In the same way: Tibet stands at 33 N 88 E with some 550 hPa at its surface, and half a turn to the west of it the
// plain of the Mississippi with some 1000.
void check_longitudes(const State& state, size_t pressure, const std::string& origin) {
  const auto near = [&](double lat, double lon) -> double {
    const auto row = std::ranges::min_element(state.grid.lat, {}, [&](double x) { return std::abs(x - lat); });
    const auto column = std::ranges::min_element(state.grid.lon, {}, [&](double x) { return std::abs(x - lon); });
    if (std::abs(*row - lat) > 3 || std::abs(*column - lon) > 3) return std::nan("");
    return state.channel(
        pressure)[(row - state.grid.lat.begin()) * state.grid.nlon() + (column - state.grid.lon.begin())];
  };
  const double tibet = near(33, 88), mississippi = near(33, 268);
  if (tibet > 90000 && mississippi < 70000) {
    fail(ExitCode::bad_input,
         "{}: the longitudes are shifted by half a turn: surface pressure (sp) is {:.0f} hPa at 33 N "
         "268 E and {:.0f} hPa at 33 N 88 E, where Tibet is",
         origin, mississippi / 100, tibet / 100);
  }
}

}  // namespace

void check_state(const State& state, const std::string& origin, StateCheck check) {
  const auto channels = static_cast<int64_t>(state.channels.size());
  parallel_in_order(channels, [&](int64_t c) { check_finite(state, static_cast<size_t>(c), origin); });
  if (check == StateCheck::finite) return;
  parallel_in_order(channels, [&](int64_t c) { check_values(state, static_cast<size_t>(c), origin); });
  const std::vector<LevelFields> levels = levels_of(state);
  parallel_in_order(static_cast<int64_t>(levels.size()) - 1, [&](int64_t k) {
    check_thickness(state, levels[static_cast<size_t>(k)], levels[static_cast<size_t>(k) + 1], origin);
  });
  const auto pressure = std::ranges::find(state.channels, "sp");
  if (pressure == state.channels.end()) return;
  check_hemispheres(state, pressure - state.channels.begin(), origin);
  check_longitudes(state, pressure - state.channels.begin(), origin);
}

}  // namespace hens
