// The analytic state obeys the laws that it is made from, and stays within what the atmosphere knows.
#include "source/analytic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "source/humidity.h"
#include "source/source_fixtures.h"

namespace hens {
namespace {

const Time new_year = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);
constexpr double a = 6.371229e6, omega = 7.29212e-5, R = 287.0;  // m, s-1, J kg-1 K-1

double zonal_mean(const State& state, size_t c, int row) {
  const auto values = state.channel(c).subspan(row * state.grid.lon.size(), state.grid.lon.size());
  return std::accumulate(values.begin(), values.end(), 0.0) / values.size();
}

TEST(Analytic, IsPlausibleAtAnyTimeAndOnAnyGrid) {
  for (const LatLonGrid& grid : {equiangular_grid(73, 144), equiangular_grid(19, 36)}) {
    for (const char* time : {"1959-01-02", "2000-01-01T12:00", "2024-07-01T06:00", "2100-12-31T18:00"}) {
      const State state = analytic_state(parse_time(time), hens_channels(), grid);
      EXPECT_NO_THROW(check_state(state, "analytic")) << time;
    }
  }
}

TEST(Analytic, ThePointsOfACoarseGridAreThoseOfTheFine) {
  const State fine = analytic_state(new_year, {"z500", "v850"}, equiangular_grid(145, 288));
  const State coarse = analytic_state(new_year, {"z500", "v850"}, equiangular_grid(73, 144));
  for (size_t c = 0; c < 2; ++c) {
    for (int i = 0; i < 73; ++i) {
      for (int j = 0; j < 144; ++j) ASSERT_EQ(coarse.channel(c)[i * 144 + j], fine.channel(c)[2 * i * 288 + 2 * j]);
    }
  }
}

TEST(Analytic, ChangesFromAnalysisToAnalysisAndIsTheSameWhenAskedAgain) {
  const LatLonGrid grid = equiangular_grid(73, 144);
  const State now = analytic_state(new_year, hens_channels(), grid);
  EXPECT_EQ(now.values, analytic_state(new_year, hens_channels(), grid).values);
  for (const int hours : {6, 12, 18, 24 * 5, 24 * 365}) {
    const State other = analytic_state(new_year + std::chrono::hours(hours), hens_channels(), grid);
    for (size_t c = 0; c < now.channels.size(); ++c) {
      EXPECT_FALSE(std::ranges::equal(now.channel(c), other.channel(c)))
          << now.channels[c] << " after " << hours << " h";
    }
  }
}

// Thickness of a thin layer: dPhi = -R T d(ln p). Waves included.
TEST(Analytic, IsHydrostatic) {
  const LatLonGrid grid = equiangular_grid(37, 72);
  for (const int level : {60, 150, 250, 500, 850, 950}) {
    const State state = analytic_state(
        new_year, {"z" + std::to_string(level - 1), "z" + std::to_string(level + 1), "t" + std::to_string(level)},
        grid);
    for (size_t i = 0; i < grid.points(); ++i) {
      const double thickness = state.channel(0)[i] - state.channel(1)[i];
      const double expected = R * state.channel(2)[i] * std::log((level + 1.0) / (level - 1.0));
      // Curvature over the layer (1e-4), and the rounding of two geopotentials of 2e5 m2 s-2 in float (0.016 each).
      ASSERT_NEAR(thickness, expected, 2e-4 * expected + 0.04) << level;
    }
  }
}

// f u + u^2 tan(phi) / a = -(1/a) dPhi/dphi for the zonal flow.
TEST(Analytic, TheZonalFlowIsInGradientWindBalance) {
  const LatLonGrid grid = equiangular_grid(721, 24);  // columns that resolve both waves, so that means drop them
  const State state = analytic_state(new_year, {"u250", "z250"}, grid);
  for (int i = 40; i < 680; i += 20) {
    const double phi = grid.lat[i] * M_PI / 180.0, step = 0.25 * M_PI / 180.0, u = zonal_mean(state, 0, i);
    const double slope = (zonal_mean(state, 1, i - 1) - zonal_mean(state, 1, i + 1)) / (2 * step);
    // Forces are up to 4e-3 m s-2; floats of 1e5 m2 s-2 round to 0.008, over a distance of 56 km 2e-7 m s-2.
    EXPECT_NEAR(2 * omega * std::sin(phi) * u + u * u * std::tan(phi) / a, -slope / a, 2e-6) << grid.lat[i];
  }
}

// v = (1 / (f a cos phi)) dPhi/dlambda: the waves have all of v.
TEST(Analytic, TheWavesAreGeostrophic) {
  const LatLonGrid grid = equiangular_grid(37, 1440);
  const State state = analytic_state(new_year, {"v500", "z500"}, grid);
  double strongest = 0;
  for (int i = 3; i < 34; ++i) {
    if (std::abs(grid.lat[i]) < 15) continue;
    const double phi = grid.lat[i] * M_PI / 180.0, scale = 2 * omega * std::sin(phi) * a * std::cos(phi);
    for (int j = 1; j < 1439; ++j) {
      const auto z = state.channel(1).subspan(i * 1440);
      const double slope = (z[j + 1] - z[j - 1]) / (0.5 * M_PI / 180.0);
      const double v = state.channel(0)[i * 1440 + j];
      ASSERT_NEAR(v, slope / scale, 0.03) << grid.lat[i];  // differences of floats of 5e4: 0.004 / 0.0087 rad / f a cos
      strongest = std::max(strongest, std::abs(v));
    }
  }
  EXPECT_GT(strongest, 10.0);
}

TEST(Analytic, LooksLikeTheAtmosphere) {
  const LatLonGrid grid = equiangular_grid(73, 144);
  const State state = analytic_state(new_year, hens_channels(), grid);
  const auto mean = [&](const char* channel, double latitude) {
    const int row = static_cast<int>((90 - latitude) / 2.5);
    return zonal_mean(state, channel_positions({channel}, hens_channels())[0], row);
  };
  EXPECT_GT(mean("u250", 45), 30) << "jets";
  EXPECT_GT(mean("u250", -45), 30);
  EXPECT_NEAR(mean("u250", 0), 0, 1);
  EXPECT_GT(mean("t850", 0), mean("t850", 80) + 30) << "cold poles";
  EXPECT_GT(mean("t850", 45), mean("t500", 45)) << "colder upward";
  EXPECT_GT(mean("t500", 45), mean("t250", 45));
  EXPECT_GT(mean("z500", 0), mean("z500", 80) + 3000);
  EXPECT_GT(mean("q1000", 0), 0.01);
  EXPECT_GT(mean("tcwv", 0), 10 * mean("tcwv", 75));
  EXPECT_NEAR(mean("sp", 45), mean("msl", 45), 1e-6) << "no mountains";
}

TEST(Analytic, TheAirIsNeverSupersaturated) {
  for (const int level : {1000, 925, 850, 700, 500, 300}) {
    const State state =
        analytic_state(new_year, {fmt::format("q{}", level), fmt::format("t{}", level)}, equiangular_grid(73, 144));
    for (size_t i = 0; i < state.grid.points(); ++i) {
      ASSERT_LT(state.channel(0)[i], specific_humidity(100.0, state.channel(1)[i], level * 100.0)) << level << " hPa";
    }
  }
}

TEST(Analytic, TheDewPointIsWhereTheHumidityAtTheGroundSaturates) {
  const State state = analytic_state(new_year, {"t2m", "d2m", "q1000"}, equiangular_grid(73, 144));
  for (size_t i = 0; i < state.grid.points(); ++i) {
    ASSERT_LT(state.channel(1)[i], state.channel(0)[i]);
    const double q = state.channel(2)[i];  // linear in the wave, which is a quarter: to a part in thirty
    ASSERT_NEAR(specific_humidity(100.0, state.channel(1)[i], 1e5), q, 0.04 * q);
  }
}

TEST(Analytic, DoesNotInventOtherChannels) {
  EXPECT_THAT(test::error_text([] { analytic_state(new_year, {"w500"}, equiangular_grid(5, 8)); }, ExitCode::bad_input),
              ::testing::HasSubstr("w500"));
}

}  // namespace
}  // namespace hens
