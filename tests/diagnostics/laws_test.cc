// What derived variables are by physics and by definition, whatever a peer computes.
#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "diagnostics/column.h"
#include "diagnostics/heat_index.h"
#include "diagnostics/heat_index_formula.h"
#include "diagnostics/humidity.h"
#include "diagnostics/wind.h"
#include "support/devices.h"

namespace hens {
namespace {

using Tensors = std::vector<at::Tensor>;
const std::vector<double> levels{1000, 925, 850, 700, 600, 500, 400, 300, 250, 200, 150, 100, 50};

class Laws : public test::OnDevice {
 protected:
  at::TensorOptions options(at::ScalarType type = at::kDouble) const { return at::device(device()).dtype(type); }
  at::Tensor field(double value) const { return at::full({3, 4}, value, options()); }
  Tensors column(double value) const { return Tensors(levels.size(), field(value)); }
  // `n` values from `first` to `last`, as [1, n].
  at::Tensor range(double first, double last, int64_t n) const {
    return at::linspace(first, last, n, options()).unsqueeze(0);
  }
};

double value(const at::Tensor& field) { return field.flatten()[0].item<double>(); }
bool increases(const at::Tensor& row) { return (row.diff() >= 0).all().item<bool>(); }

TEST_P(Laws, WindSpeedDoesNotKnowItsDirection) {
  const at::Tensor speed = range(0, 80, 50);
  for (int degrees = 0; degrees < 360; degrees += 15) {
    const double angle = degrees * std::acos(-1.0) / 180;
    const at::Tensor turned = wind_speed(speed * std::cos(angle), speed * std::sin(angle));
    EXPECT_TRUE(at::allclose(turned, speed, 1e-15, 1e-13)) << degrees;  // an ulp of cos and sin
  }
  EXPECT_EQ(value(wind_speed(field(3), field(-4))), 5);
}

// numpy's sqrt(u * u + v * v) in float32: no product is fused with the sum.
TEST_P(Laws, WindSpeedRoundsEachOperation) {
  const at::Tensor u = at::randn({1000}, at::kFloat), v = at::randn({1000}, at::kFloat);
  const at::Tensor speed = wind_speed(u.to(device()), v.to(device())).cpu();
  for (int64_t i = 0; i < 1000; ++i) {
    const volatile float x = u[i].item<float>(), y = v[i].item<float>();
    const volatile float xx = x * x, yy = y * y, sum = xx + yy;
    ASSERT_EQ(speed[i].item<float>(), std::sqrt(sum)) << i;
  }
}

TEST_P(Laws, SaturatedAirHasAHumidityOfAHundred) {
  const at::Tensor t = range(200, 320, 121);
  EXPECT_TRUE(((relative_humidity_2m(t, t) - 100).abs() <= 2e-14).all().item<bool>());  // an ulp of the quotient
  EXPECT_TRUE((vapour_pressure_deficit_magnus(t, t) == 0).all().item<bool>());
  EXPECT_TRUE((vapour_pressure_deficit(t, at::full_like(t, 100)) == 0).all().item<bool>());
  // q of e = es at 850 hPa, by the inverse of the formula of e, over ice and over water.
  for (const double kelvin : {230.0, 300.0}) {
    const double es = kelvin > 273.16 ? 611.21 * std::exp(17.502 * (kelvin - 273.16) / (kelvin - 32.19))
                                      : 611.21 * std::exp(22.587 * (kelvin - 273.16) / (kelvin + 0.7));
    const double eps = 0.621981, q = eps * es / (85'000 - (1 - eps) * es);
    EXPECT_NEAR(value(relative_humidity(field(kelvin), field(q), 850)), 100, 1e-10) << kelvin;
    EXPECT_NEAR(value(relative_humidity(field(kelvin), field(q / 2), 850)), 50, 0.5) << kelvin;
    EXPECT_EQ(value(relative_humidity(field(kelvin), field(2 * q), 850)), 100) << "supersaturation is cut off";
    EXPECT_EQ(value(relative_humidity(field(kelvin), field(-q), 850)), 0) << "a network's negative humidity, too";
  }
}

// Bolton (1980) has 42.43 hPa at 30 C: Magnus within 0.2 %, the peer's with the latent heat of 100 C 15 % below.
TEST_P(Laws, TheTwoPressureDeficitsAtThirtyDegrees) {
  const double dry = value(vapour_pressure_deficit_magnus(field(303.15), field(200)));
  EXPECT_NEAR(dry, 42.43, 0.1);
  EXPECT_NEAR(value(vapour_pressure_deficit(field(303.15), field(0))) / dry, 0.85, 0.01);
}

TEST_P(Laws, ThicknessIsMetresBetweenLevels) {
  EXPECT_EQ(value(thickness(field(54'000), field(54'000))), 0);
  EXPECT_NEAR(value(thickness(field(9.80665 * 5500), field(9.80665 * 100))), 5400, 1e-9);
}

TEST_P(Laws, DryAirTransportsNothingAndMoistAirWithTheWind) {
  EXPECT_EQ(value(vapour_transport(levels, column(30), column(-20), column(0))), 0);
  // q and wind constant over 950 hPa.
  const double east = 0.01 * 30 * 95'000 / 9.8, north = 0.01 * -40 * 95'000 / 9.8;
  EXPECT_NEAR(value(vapour_transport(levels, column(30), {}, column(0.01), Transport::eastward)), east, 1e-9);
  EXPECT_NEAR(value(vapour_transport(levels, {}, column(-40), column(0.01), Transport::northward)), north, 1e-9);
  EXPECT_NEAR(value(vapour_transport(levels, column(30), column(-40), column(0.01))), std::hypot(east, north), 1e-9);
}

TEST_P(Laws, ColumnWaterIsThatAboveTheGround) {
  const auto column_of = [&](double ground) {
    return value(total_column_water_vapour(levels, column(0.01), field(ground)));
  };
  EXPECT_NEAR(column_of(101'000), 0.01 * 96'000 / 9.8067, 1e-9);
  EXPECT_NEAR(column_of(100'000), 0.01 * 95'000 / 9.8067, 1e-9);
  EXPECT_NEAR(column_of(60'500), 0.01 * 55'500 / 9.8067, 1e-9);  // a high plateau
  EXPECT_TRUE(std::isnan(column_of(std::numeric_limits<double>::quiet_NaN())));
}

// Of an isothermal atmosphere, whose ln p is linear in z: exact without the term for lapse, also below the lowest and
// above the highest level.
TEST_P(Laws, SurfacePressureOfAnIsothermalAtmosphere) {
  const double scale = 287.053 * 250;  // R T [m2 s-2]
  Tensors z;
  for (const double level : levels) z.push_back(field(scale * std::log(1000 / level)));
  for (const double pressure : {104'000.0, 100'000.0, 92'500.0, 61'234.0, 4'000.0}) {
    const at::Tensor ground = field(scale * std::log(100'000 / pressure));
    const at::Tensor made = surface_pressure(levels, z, {}, ground, {.temperature = false});
    EXPECT_NEAR(value(made) / pressure, 1, 1e-13);
  }
}

TEST_P(Laws, HeatIndexGrowsWithHumidityAndTemperature) {
  for (const double kelvin : {230.0, 270.0, 285.0, 300.0, 305.0, 310.0, 318.0, 330.0}) {
    const at::Tensor dew = range(200, kelvin, 400);
    EXPECT_TRUE(increases(heat_index(at::full_like(dew, kelvin), dew))) << kelvin;
  }
  const at::Tensor t = range(290, 330, 400);
  EXPECT_TRUE(increases(heat_index(t, at::full_like(t, 285))));
}

// Air at the reference's vapour pressure is its own heat index; saturated air is, where that pressure cannot be had.
TEST_P(Laws, TheReferenceAirIsItsOwnHeatIndex) {
  for (const double kelvin : {288.0, 295.0, 305.0, 320.0}) {
    const double humidity = heat::reference_vapour / heat::saturation(kelvin).value;
    EXPECT_NEAR(heat_index_of(kelvin, humidity), kelvin, 1e-8) << kelvin;
  }
  for (const double kelvin : {200.0, 250.0, 280.0}) EXPECT_NEAR(heat_index_of(kelvin, 1.0), kelvin, 1e-8) << kelvin;
  EXPECT_NEAR(heat::core_vapour, heat::salt * heat::saturation(heat::core_t).value, 1e-10);
  // The authors' own example (heatindex, README): exact to its seventh decimal.
  EXPECT_NEAR(heat_index_of(310, 0.5), 318.62255317071686, 1e-7);
  EXPECT_NEAR(heat_index_of(311, 0.5), 324.54442932, 1e-7);
  EXPECT_NEAR(heat_index_of(310, 0.0), 305.55495303, 1e-7);
  EXPECT_NEAR(heat_index_of(312, 1.0), 368.60533913, 1e-7);
}

// The derivatives that the roots are found with, by differences.
TEST_P(Laws, SlopesAreSlopes) {
  const auto check = [](const auto& function, double x) {
    const double h = 1e-4, difference = (function(x + h).value - function(x - h).value) / (2 * h);
    EXPECT_NEAR(function(x).slope / difference, 1, 1e-6) << x;
  };
  for (const double x : {220.0, 265.0, 290.0, 308.0}) {
    check(heat::saturation, x);
    check(heat::Skin{x, 500.0, 170.0}, 300.0);
    check(heat::ReferenceAir{0.03}, x);
    check(heat::HotReferenceAir{20.0}, x + 100);
  }
}

TEST_P(Laws, TheTableIsTheFunctionAtItsNodesAndBelowItBetween) {
  EXPECT_EQ(heat_index_at_node(300.05, 0.5005), heat_index_of(240.0 + 0.1 * 600, 0.5));
  EXPECT_EQ(heat_index_at_node(220, 0.5), heat_index_of(240, 0.5)) << "what is colder than the table";
  const at::Tensor t = range(240, 329, 3000), dew = t - range(0, 20, 3000);
  EXPECT_TRUE((heat_index_table(t, dew) <= heat_index(t, dew) + 1e-8).all().item<bool>());
}

TEST_P(Laws, WhatIsNoNumberStaysNone) {
  const at::Tensor none = field(std::numeric_limits<double>::quiet_NaN()), some = field(280);
  for (const at::Tensor& made :
       {wind_speed(none, some), wind_speed(some, none), relative_humidity(none, some, 500),
        relative_humidity(some, none, 500), relative_humidity_2m(none, some), relative_humidity_2m(some, none),
        vapour_pressure_deficit(none, some), vapour_pressure_deficit_magnus(some, none), heat_index(none, some),
        heat_index(some, none), heat_index_table(none, some), heat_index_table(some, none), thickness(some, none)}) {
    EXPECT_TRUE(made.isnan().all().item<bool>());
  }
  // No air: nothing to solve for.
  EXPECT_TRUE(heat_index(field(0), field(280)).isnan().all().item<bool>());
  EXPECT_TRUE(heat_index(field(1e30), field(280)).isnan().all().item<bool>());
}

// Any shape, any strides, whatever the cut into threads.
TEST_P(Laws, FieldsOfAnyShapeAreTakenPointByPoint) {
  const at::Tensor t = 250 + 60 * at::rand({2, 3, 19, 37}, options()),
                   dew = t - 15 * at::rand({2, 3, 19, 37}, options());
  const at::Tensor whole = heat_index(t, dew);
  ASSERT_EQ(whole.sizes(), t.sizes());
  EXPECT_TRUE(at::equal(heat_index(t.transpose(2, 3), dew.transpose(2, 3)), whole.transpose(2, 3)));
  EXPECT_TRUE(at::equal(heat_index(t[1][2], dew[1][2]), whole[1][2]));
}

INSTANTIATE_TEST_SUITE_P(, Laws, test::devices());

}  // namespace
}  // namespace hens
