#include "scores/extreme_index.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include <gtest/gtest.h>

namespace hens {
namespace {

std::vector<ClimateShare> shares_of(double (*share)(double)) {
  std::vector<ClimateShare> all;
  for (int k = 0; k <= 1000; ++k) all.push_back({k / 1000.0, share(k / 1000.0)});
  return all;
}

TEST(ExtremeForecastIndex, EndsAndMiddle) {
  EXPECT_NEAR(extreme_forecast_index(shares_of([](double) { return 0.0; })), 1.0, 1e-12);
  EXPECT_NEAR(extreme_forecast_index(shares_of([](double) { return 1.0; })), -1.0, 1e-12);
  EXPECT_NEAR(extreme_forecast_index(shares_of([](double p) { return p; })), 0.0, 1e-12);
  // All members beyond the outermost quantiles known are as extreme as can be told.
  EXPECT_NEAR(extreme_forecast_index(std::vector<ClimateShare>{{0.01, 0.0}, {0.99, 0.0}}), 1.0, 1e-12);
}

// F(p) = p^2: 2/pi (integral of p / sqrt - p^2 / sqrt) = 2/pi (pi/2 - 3 pi/8) = 1/4. Lines between a thousand points
// lie within 1e-6 of the parabola.
TEST(ExtremeForecastIndex, OfAParabola) {
  EXPECT_NEAR(extreme_forecast_index(shares_of([](double p) { return p * p; })), 0.25, 1e-6);
}

// Members mirrored at a symmetric climate give the index's negative.
TEST(ExtremeForecastIndex, IsOdd) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal(0.7, 1.3);
  std::vector<double> members(51), mirrored;
  for (double& x : members) x = normal(random), mirrored.push_back(-x);
  std::ranges::sort(members), std::ranges::sort(mirrored);
  std::vector<ClimateShare> here, there;
  for (const double level : {0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.0}) {
    const double quantile = 3.0 * (2.0 * level - 1.0);
    here.push_back({level, share_below(members, quantile)}), there.push_back({level, share_below(mirrored, quantile)});
  }
  EXPECT_NEAR(extreme_forecast_index(here), -extreme_forecast_index(there), 1e-12);
}

TEST(ShiftOfTails, InWidthsOfTheClimatesTail) {
  EXPECT_EQ(shift_of_tail(10.0, 10.0, 8.0), 0.0);
  EXPECT_EQ(shift_of_tail(14.0, 10.0, 8.0), 2.0);
  EXPECT_EQ(shift_of_tail(8.0, 10.0, 8.0), -1.0);
  EXPECT_EQ(shift_of_tail(-14.0, -10.0, -8.0), 2.0);
  EXPECT_TRUE(std::isnan(shift_of_tail(0.0, 0.0, 0.0)));  // no rain at the 90th and 99th percentile
}

TEST(Quantiles, AreOfTypeSeven) {
  const std::vector<double> x{1.0, 2.0, 4.0, 8.0};
  EXPECT_EQ(quantile_of_sorted(x, 0.0), 1.0);
  EXPECT_EQ(quantile_of_sorted(x, 0.5), 3.0);
  EXPECT_NEAR(quantile_of_sorted(x, 0.9), 6.8, 1e-15 * 8);
  EXPECT_EQ(quantile_of_sorted(x, 1.0), 8.0);
  EXPECT_EQ(share_below(x, 2.0), 0.375);
  EXPECT_EQ(share_below(x, 9.0), 1.0);
}

}  // namespace
}  // namespace hens
