// Units of fields: what each quantity comes in, exactly, and what is no unit of it.
#include "source/units.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace hens {
namespace {

constexpr double gravity = 9.80665;

std::optional<double> converted(const char* channel, const char* units, double value, bool is_height = false) {
  const auto conversion = unit_conversion(units, channel_info(channel), is_height, gravity);
  return conversion ? std::optional(value * conversion->factor + conversion->offset) : std::nullopt;
}

struct Case {
  const char *channel, *units;
  double value, expected;
};

TEST(Units, ComeInManySpellings) {
  for (const Case& c : {
           // The channel's own: the bits must not change.
           Case{"u10m", "m s-1", 5.3, 5.3},
           {"u10m", "m s**-1", 5.3, 5.3},
           {"u10m", "m/s", 5.3, 5.3},
           {"u10m", "m s^-1", 5.3, 5.3},
           {"u10m", "m.s-1", 5.3, 5.3},
           {"u10m", "m*s**-1", 5.3, 5.3},
           {"u10m", "meters per second", 5.3, 5.3},
           {"u10m", "meter second-1", 5.3, 5.3},
           {"u10m", "m/sec", 5.3, 5.3},
           {"u10m", "m s\u207b\u00b9", 5.3, 5.3},
           {"z500", "m2 s-2", 54321.5, 54321.5},
           {"z500", "m**2 s**-2", 54321.5, 54321.5},
           {"z500", "m^2/s^2", 54321.5, 54321.5},
           {"z500", "J kg-1", 54321.5, 54321.5},
           {"t850", "K", 280.1, 280.1},
           {"t850", "kelvin", 280.1, 280.1},
           {"t850", "degK", 280.1, 280.1},
           {"q850", "kg kg-1", 0.011, 0.011},
           {"q850", "kg kg**-1", 0.011, 0.011},
           {"q850", "kg/kg", 0.011, 0.011},
           {"q850", "1", 0.011, 0.011},
           {"r500", "%", 55.5, 55.5},
           {"r500", "percent", 55.5, 55.5},
           {"sp", "Pa", 101325, 101325},
           {"tcwv", "kg m-2", 20.25, 20.25},
           {"tcwv", "kg m**-2", 20.25, 20.25},
           {"w500", "Pa s**-1", -0.3, -0.3},
           {"w500", "Pa/s", -0.3, -0.3},
           {"u10m", "", 5.3, 5.3},
           {"u10m", " ", 5.3, 5.3},
           // Others.
           {"u10m", "knots", 10, 18520.0 / 3600},
           {"u10m", "knot", 10, 18520.0 / 3600},
           {"u10m", "kt", 10, 18520.0 / 3600},
           {"u10m", "kts", 10, 18520.0 / 3600},
           {"v500", "km h-1", 36, 10},
           {"v500", "km/h", 36, 10},
           {"v500", "km/hr", 36, 10},
           {"v500", "kilometers per hour", 36, 10},
           {"v500", "kph", 36, 10},
           {"v500", "mph", 10, 4.4704},
           {"v500", "cm s-1", 123, 1.23},
           {"t2m", "degC", 15, 288.15},
           {"t2m", "deg_C", 15, 288.15},
           {"t2m", "degrees_celsius", 15, 288.15},
           {"t2m", "Celsius", 15, 288.15},
           {"t2m", "celsius", 15, 288.15},
           {"t2m", "\u00b0C", 15, 288.15},
           {"t2m", "deg C", 15, 288.15},
           {"t2m", "C", 15, 288.15},
           {"d2m", "degF", 59, 288.15},
           {"d2m", "fahrenheit", 59, 288.15},
           {"sp", "hPa", 1013.25, 101325},
           {"msl", "mbar", 1013.25, 101325},
           {"msl", "millibars", 1013.25, 101325},
           {"msl", "mb", 1013.25, 101325},
           {"msl", "hectopascal", 1013.25, 101325},
           {"msl", "kPa", 101.325, 101325},
           {"msl", "100 Pa", 1013.25, 101325},
           {"msl", "bar", 1.01325, 101325},
           {"q850", "g kg-1", 11, 0.011},
           {"q850", "g/kg", 11, 0.011},
           {"q850", "g kg**-1", 11, 0.011},
           {"q850", "1e-3", 11, 0.011},
           {"q850", "10^-3 kg kg-1", 11, 0.011},
           {"q850", "mg kg-1", 11000, 0.011},
           {"r500", "1", 0.5, 50},
           {"r500", "(0 - 1)", 0.5, 50},
           {"r500", "0.01", 50, 50},
           {"tcwv", "mm", 20, 20},
           {"tcwv", "cm", 2, 20},
           {"tcwv", "g cm-2", 2, 20},
           {"tcwv", "g m-2", 20000, 20},
           {"w500", "hPa s-1", -0.003, -0.3},
           {"w500", "hPa/h", -36, -1},
           {"w500", "Pa h-1", -3600, -1},
           {"w500", "ubar/s", 10, 1},
           {"z500", "m", 5500, 5500 * gravity},
           {"z500", "gpm", 5500, 5500 * gravity},
           {"z500", "geopotential meter", 5500, 5500 * gravity},
           {"z500", "km", 5.5, 5500 * gravity},
           {"z500", "dam", 550, 5500 * gravity},
           {"z500", "gpdm", 550, 5500 * gravity},
           {"z500", "dagpm", 550, 5500 * gravity},
       }) {
    const auto value = converted(c.channel, c.units, c.value);
    ASSERT_TRUE(value) << c.channel << " in " << c.units;
    if (c.value == c.expected) {
      EXPECT_EQ(*value, c.expected) << c.channel << " in " << c.units;
    } else {
      EXPECT_NEAR(*value, c.expected, 1e-12 * std::abs(c.expected)) << c.channel << " in " << c.units;  // roundings
    }
  }
}

TEST(Units, OfAnotherQuantityOrUnknownAreRefused) {
  for (const auto& [channel, units] : std::initializer_list<std::pair<const char*, const char*>>{
           {"u10m", "m"},
           {"u10m", "K"},
           {"u10m", "ms-1"},
           {"u10m", "m s-2"},
           {"u10m", "furlongs/fortnight"},
           {"u10m", "%"},
           {"u10m", "m s-1 m"},
           {"u10m", "m//s"},
           {"u10m", "m/"},
           {"u10m", "/"},
           {"t2m", "J"},
           {"t2m", "K s-1"},
           {"t2m", "degC m"},
           {"t2m", "2 degC"},
           {"t2m", "rankine"},
           {"sp", "m"},
           {"sp", "mmHg"},
           {"sp", "ln(Pa)"},
           {"q500", "%s"},
           {"q500", "kg m-3"},
           {"r500", "kg kg-1"},
           {"r500", "g/kg"},
           {"w500", "m s-1"},
           {"z500", "m s-1"},
           {"z500", "m2"},
           {"tcwv", "kg"},
           {"tcwv", "Pa"},
           {"u10m", "unknown"},
           {"z500", "1"},
           {"u10m", "0 m s-1"},
       }) {
    EXPECT_FALSE(converted(channel, units, 1)) << channel << " in " << units;
  }
  EXPECT_FALSE(converted("u10m", std::string(100, 'm').c_str(), 1));
}

// A variable that says it holds heights holds them in every unit.
TEST(Units, HeightsBecomeGeopotential) {
  EXPECT_EQ(converted("z500", "", 5500, true), 5500 * gravity);
  EXPECT_EQ(converted("z500", "m", 5500, true), 5500 * gravity);
  EXPECT_EQ(converted("z500", "gpm", 5500, true), 5500 * gravity);
  EXPECT_FALSE(converted("z500", "m2 s-2", 5500, true)) << "the name and the units contradict each other";
}

TEST(Units, LevelsMayBeInAnyUnitOfPressure) {
  EXPECT_EQ(pressure_unit("hPa"), 100.0);
  EXPECT_EQ(pressure_unit("millibars"), 100.0);
  EXPECT_EQ(pressure_unit("mbar"), 100.0);
  EXPECT_EQ(pressure_unit("Pa"), 1.0);
  EXPECT_EQ(pressure_unit("kPa"), 1000.0);
  EXPECT_FALSE(pressure_unit("m"));
  EXPECT_FALSE(pressure_unit("1"));
  EXPECT_FALSE(pressure_unit(""));
}

}  // namespace
}  // namespace hens
