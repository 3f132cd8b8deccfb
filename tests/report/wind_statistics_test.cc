// Facts about ensemble means and spreads.
#include "report/maps/wind_statistics.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"
#include "grid/lat_lon_grid.h"
#include "support/compare.h"

namespace hens {
namespace {

std::vector<float> draws(size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(3.0F, 8.0F);
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

TEST(WindStatistics, EqualMembersHaveNoSpreadAndAreTheirMean) {
  const auto u = draws(50, 1), v = draws(50, 2);
  WindAccumulator wind(50);
  for (int member = 0; member < 7; ++member) wind.add(u, v, "test");
  const WindStatistics result = wind.statistics();
  EXPECT_EQ(result.members, 7);
  EXPECT_EQ(result.mean_u, u);
  EXPECT_EQ(result.mean_v, v);
  EXPECT_EQ(result.spread, std::vector<float>(50, 0.0F));
}

TEST(WindStatistics, AgreeWithTheDefinitions) {
  constexpr size_t points = 20;
  constexpr int members = 9;
  WindAccumulator wind(points);
  std::vector<std::vector<float>> us, vs;
  for (int k = 0; k < members; ++k) {
    us.push_back(draws(points, 10 + k)), vs.push_back(draws(points, 50 + k));
    wind.add(us.back(), vs.back(), "test");
  }
  const WindStatistics result = wind.statistics();
  for (size_t i = 0; i < points; ++i) {
    double u = 0.0, speed = 0.0, squares = 0.0;
    for (int k = 0; k < members; ++k) {
      u += us[k][i] / static_cast<double>(members);
      speed += std::hypot(us[k][i], vs[k][i]) / static_cast<double>(members);
    }
    for (int k = 0; k < members; ++k) squares += std::pow(std::hypot(us[k][i], vs[k][i]) - speed, 2);
    // Results are floats of size 10: half a unit in their last place is 5e-7.
    EXPECT_NEAR(result.mean_u[i], u, 2e-6);
    EXPECT_NEAR(result.mean_speed[i], speed, 2e-6);
    EXPECT_NEAR(result.spread[i], std::sqrt(squares / (members - 1)), 2e-6);
  }
}

TEST(WindStatistics, OppositeWindsCancelInTheMeanWindButNotInTheMeanSpeed) {
  WindAccumulator wind(1);
  wind.add(std::vector<float>{6.0F}, std::vector<float>{8.0F}, "test");
  wind.add(std::vector<float>{-6.0F}, std::vector<float>{-8.0F}, "test");
  const WindStatistics result = wind.statistics();
  EXPECT_EQ(result.mean_u[0], 0.0F);
  EXPECT_EQ(result.mean_v[0], 0.0F);
  EXPECT_EQ(result.mean_speed[0], 10.0F);
  EXPECT_EQ(result.spread[0], 0.0F);
}

TEST(WindStatistics, OneMemberHasNoSpread) {
  WindAccumulator wind(3);
  wind.add(draws(3, 1), draws(3, 2), "test");
  EXPECT_EQ(wind.statistics().spread, std::vector<float>(3, 0.0F));
}

TEST(WindStatistics, NonFiniteValuesAreErrorsThatNameTheMemberAndLeaveTheSums) {
  WindAccumulator wind(4);
  const auto u = draws(4, 1), v = draws(4, 2);
  wind.add(u, v, "member 0");
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto broken = v;
    broken[2] = bad;
    try {
      wind.add(u, broken, "hens_0.zarr: member 1");
      FAIL() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::not_finite);
      EXPECT_NE(std::string(error.what()).find("hens_0.zarr: member 1: v10m is not finite at point 2"),
                std::string::npos);
    }
  }
  EXPECT_EQ(wind.members(), 1);
  EXPECT_EQ(wind.statistics().mean_u, u);
}

TEST(AreaMean, WeighsAsTheSphereDoes) {
  const LatLonGrid grid = equiangular_grid(181, 4);
  EXPECT_NEAR(area_mean(std::vector<float>(grid.points(), 2.5F), grid.lat), 2.5, 1e-12);
  std::vector<float> sine_squared(grid.points());
  for (size_t i = 0; i < grid.points(); ++i) {
    sine_squared[i] = static_cast<float>(std::pow(std::sin(grid.lat[i / 4] * M_PI / 180.0), 2));
  }
  // The mean of sin^2(lat) over the sphere is 1/3; the trapezoid rule at one degree is off by its step squared.
  EXPECT_NEAR(area_mean(sine_squared, grid.lat), 1.0 / 3.0, 1e-3);
}

}  // namespace
}  // namespace hens
