// The heat index of Lu and Romps: the air temperature, at a vapour pressure of 1600 Pa (or saturated, where that is
// less), in which a body has to do as much to keep its core at 310 K as it has to in the air at hand.
//
// Steadman's (1979) model of a walking person in the shade, extended to all temperatures and humidities by Lu and Romps
// (2022, J. Appl. Meteor. Climatol. 61, doi:10.1175/JAMC-D-22-0021.1), in the simpler form that the authors' package
// heatindex computes from 0.0.2 on (Lu et al. 2025): the same above 300 K, nearly so below. Not the polynomial of the
// US National Weather Service, which fits a part of Steadman's table.
//
// One text for the host and the GPU, in double: two roots by Newton's method within brackets, some five steps each.
#pragma once

#include <cmath>

#include "base/host_device.h"

namespace hens::heat {

// Thermodynamics of moist air: constant heat capacities [J kg-1 K-1], energies at the triple point [J kg-1].
inline constexpr double triple_t = 273.16, triple_p = 611.65;  // K, Pa
inline constexpr double energy_vapour = 2.3740e6, energy_ice = 0.3337e6;
inline constexpr double gas_air = 287.04, gas_vapour = 461.0;
inline constexpr double cv_vapour = 1418.0, c_water = 4119.0, c_ice = 1861.0;
inline constexpr double cp_air = 719.0 + gas_air, cp_vapour = cv_vapour + gas_vapour;

// The person and the air around (Steadman 1979).
inline constexpr double metabolism = 180.0;                  // W m-2 of skin
inline constexpr double salt = 0.9;                          // vapour pressure over sweat, of that over water
inline constexpr double core_t = 310.0;                      // K
inline constexpr double core_vapour = 5612.2991243433962;    // Pa: salt times saturation(core_t)
inline constexpr double inhaled = 1.43e-6;                   // kg of air a J of metabolism
inline constexpr double pressure = 1.013e5;                  // Pa
inline constexpr double latent_heat = 2417405.2;             // J kg-1, at the core's temperature
inline constexpr double reference_vapour = 1600.0;           // Pa, of the air that the index is the temperature of
inline constexpr double convection = 12.3;                   // W m-2 K-1
inline constexpr double air_resistance = 60.6 / convection;  // Pa m2 W-1, to vapour
inline constexpr double radiation =
    0.97 * 0.80 * 5.67e-8;  // W m-2 K-4: emissivity, share of the skin, Stefan-Boltzmann
inline constexpr double breath_dry = inhaled * metabolism * cp_air;  // W m-2 K-1
inline constexpr double breath_moist =
    inhaled * metabolism * latent_heat * gas_air / (pressure * gas_vapour);  // W m-2 Pa-1

// A value and its derivative.
struct Slope {
  double value, slope;
};

// Saturation vapour pressure [Pa], over ice below the triple point.
HENS_HOST_DEVICE Slope saturation(double t) {
  const bool ice = t < triple_t;
  const double power = (cp_vapour - (ice ? c_ice : c_water)) / gas_vapour;
  const double energy =
      (energy_vapour + (ice ? energy_ice : 0.0) - (cv_vapour - (ice ? c_ice : c_water)) * triple_t) / gas_vapour;
  const double value = triple_p * std::exp(power * std::log(t / triple_t) + energy * (1.0 / triple_t - 1.0 / t));
  return {value, value * (power + energy / t) / t};
}

// What breathing leaves of the metabolism [W m-2] in air of `t` [K] and vapour pressure `vapour` [Pa].
HENS_HOST_DEVICE double net_metabolism(double t, double vapour) {
  return metabolism - breath_dry * (core_t - t) - breath_moist * (core_vapour - vapour);
}

// Heat that skin loses to the air by convection and radiation [W m-2].
HENS_HOST_DEVICE double dry_loss(double skin, double air) {
  return (skin - air) * (convection + radiation * (skin * skin + air * air) * (skin + air));
}

// Heat that accumulates where the skin is as warm as the core and drips with sweat [W m-2]; negative: it need not be.
HENS_HOST_DEVICE double accumulation(double t, double vapour) {
  return net_metabolism(t, vapour) - dry_loss(core_t, t) - (core_vapour - vapour) / air_resistance;
}

// The root of an increasing function between `low` and `high`: Newton's steps, halvings where one would leave the
// bracket. `function(x)` returns a Slope.
template <typename Function>
HENS_HOST_DEVICE double root(const Function& function, double low, double high, double x) {
  for (int k = 0; k < 100; ++k) {
    const Slope f = function(x);
    (f.value < 0.0 ? low : high) = x;
    const double step = f.value / f.slope;
    const double next = x - step;
    if (step < 1e-10 && step > -1e-10) return next;
    x = next > low && next < high ? next : 0.5 * (low + high);
  }
  return x;
}

// Imbalance of the skin's heat [W m-2] by its temperature: dry loss and evaporation, as much as reaches the surface or,
// where sweat drips, as the air takes, less what comes from within.
struct Skin {
  double t, vapour, heat;
  HENS_HOST_DEVICE Slope operator()(double skin) const {
    const double resistance = (core_t - skin) / heat, fourth = resistance * resistance * resistance * resistance;
    const double to_vapour = 6.0e8 * fourth * resistance + air_resistance;
    const double through = (core_vapour - vapour) / to_vapour;
    const Slope sweat = saturation(skin);
    const double dripping = (salt * sweat.value - vapour) / air_resistance;
    const bool dry = through < dripping;
    return {dry_loss(skin, t) + (dry ? through : dripping) - heat,
            convection + 4.0 * radiation * skin * skin * skin +
                (dry ? through / to_vapour * 3.0e9 * fourth / heat : salt * sweat.slope / air_resistance)};
  }
};

// Imbalance in the reference air of a temperature for one whose skin resists heat by `resistance` [K m2 W-1].
struct ReferenceAir {
  double resistance;
  HENS_HOST_DEVICE Slope operator()(double t) const {
    Slope air = saturation(t);
    if (air.value > reference_vapour) air = {reference_vapour, 0.0};
    const double heat = net_metabolism(t, air.value), heat_slope = breath_dry + breath_moist * air.slope;
    const double skin = core_t - resistance * heat, skin_slope = -resistance * heat_slope;
    const double square = resistance * resistance, through_skin = 6.0e8 * square * square * resistance;
    const double both = through_skin + air_resistance;
    const double through = (through_skin * air.value + air_resistance * core_vapour) / both;
    const Slope sweat = saturation(skin);
    const bool dry = through < salt * sweat.value;
    const double vapour = dry ? through : salt * sweat.value;
    const double vapour_slope = dry ? through_skin * air.slope / both : salt * sweat.slope * skin_slope;
    const double cube = skin * skin * skin;
    return {heat - dry_loss(skin, t) - (vapour - air.value) / air_resistance,
            heat_slope - convection * (skin_slope - 1.0) - 4.0 * radiation * (cube * skin_slope - t * t * t) -
                (vapour_slope - air.slope) / air_resistance};
  }
};

// Imbalance in the reference air of a temperature for one who gains `gained` [W m-2] all the same.
struct HotReferenceAir {
  double gained;
  HENS_HOST_DEVICE Slope operator()(double t) const {
    return {accumulation(t, reference_vapour) - gained, breath_dry + convection + 4.0 * radiation * t * t * t};
  }
};

}  // namespace hens::heat

namespace hens {

// Heat index [K] of air at `t` [K] with relative humidity `rh`, 0..1, over water from 273.16 K on and over ice below.
// Exact to 1e-8 K. NaN unless 100 < t < 1000 and 0 <= rh <= 1.
HENS_HOST_DEVICE double heat_index_of(double t, double rh) {
  using namespace heat;
  if (!(t > 100.0 && t < 1000.0 && rh >= 0.0 && rh <= 1.0)) return NAN;
  const double vapour = rh * saturation(t).value;
  const double gained = accumulation(t, vapour);
  if (!(gained < 0.0)) return root(HotReferenceAir{gained}, 300.0, t + 3500.0, t > 345.0 ? t : 345.0);
  const double heat = net_metabolism(t, vapour);
  const double naked = t + heat / (convection + 4.0 * radiation * t * t * t);  // dry, and resisting nothing
  const double skin = root(Skin{t, vapour, heat}, 50.0, core_t, naked < core_t ? naked : core_t - 0.1);
  return root(ReferenceAir{(core_t - skin) / heat}, 50.0, 346.0, t < 345.0 ? t : 345.0);
}

// The same as a table of Ta = 240 .. 370 K by 0.1 K and RH = 0 .. 1 by 0.001 has it at the nearest lower node, which is
// how the huge ensembles of summer 2023 were summed up: up to 1.3 K below the function where that was compared, and
// 240 K for what is colder.
HENS_HOST_DEVICE double heat_index_at_node(double t, double rh) {
  double i = std::floor((t - 240.0) / 0.1), j = std::floor(rh / 0.001);
  i = i < 0.0 ? 0.0 : i > 1300.0 ? 1300.0 : i;
  j = j < 0.0 ? 0.0 : j > 1000.0 ? 1000.0 : j;
  return heat_index_of(240.0 + 0.1 * i, 0.001 * j);
}

}  // namespace hens
