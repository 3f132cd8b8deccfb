// What scores must do by their definitions, without any file.
#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"
#include "scores/score_region.h"
#include "scores/score_sums.h"
#include "support/compare.h"

namespace hens {
namespace {

std::vector<double> drawn(size_t count, unsigned seed, double mean = 0.0) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(mean, 1.0);
  std::vector<double> values(count);
  for (double& value : values) value = normal(random);
  std::ranges::sort(values);
  return values;
}

TEST(Crps, OfOneMemberIsItsDistance) {
  const PointScores scores = point_scores(std::vector{2.0}, 5.0);
  EXPECT_EQ(scores.crps, 3.0);
  EXPECT_TRUE(std::isnan(scores.fair_crps));
  EXPECT_TRUE(std::isnan(scores.variance));
}

// The integral of (F - H)^2, cut at every member and at the truth, where it is constant.
TEST(Crps, IsTheIntegral) {
  const std::vector<double> x = drawn(17, 3);
  for (const double y : {-4.0, -0.3, 0.0, 0.9, 5.0}) {
    std::vector<double> cuts = x;
    cuts.push_back(y);
    std::ranges::sort(cuts);
    double integral = 0.0, above = 0.0;
    for (size_t k = 1; k < cuts.size(); ++k) {
      const double at = 0.5 * (cuts[k - 1] + cuts[k]);
      const double f = static_cast<double>(std::ranges::upper_bound(x, at) - x.begin()) / 17.0;
      const double square = std::pow(f - (y <= at ? 1.0 : 0.0), 2);
      integral += square * (cuts[k] - cuts[k - 1]);
      above += square * std::max(0.0, cuts[k] - std::max(cuts[k - 1], 0.5));
    }
    EXPECT_NEAR(point_scores(x, y).crps, integral, 1e-13);
    EXPECT_NEAR(threshold_weighted_crps(x, y, 0.5), above, 1e-13);
  }
}

// Moved far from zero, as geopotential is, nothing is lost but what doubles near 5e5 cannot hold (6e-11).
TEST(Crps, DoesNotCancelFarFromZero) {
  std::vector<double> x = drawn(7424, 4), far = x;
  for (double& value : far) value += 5e5;
  EXPECT_NEAR(point_scores(far, 5e5 + 0.25).crps, point_scores(x, 0.25).crps, 1e-9);
  EXPECT_NEAR(point_scores(far, 5e5 + 0.25).variance, point_scores(x, 0.25).variance, 1e-9);
}

TEST(Ranks, TiesAreSharedOut) {
  RankHistogram ranks(3);
  ranks.add(1, 3);
  ranks.add(0, 0);
  EXPECT_TRUE(test::all_near(ranks.expected(), std::vector{1.0, 1.0 / 3, 1.0 / 3, 1.0 / 3}, 1e-15));
  EXPECT_EQ(ranks.upper(), (std::vector<int64_t>{1, 0, 0, 1}));
}

// Whatever the number of classes, no truth is lost, and an even histogram stays even.
TEST(Ranks, ClassesKeepTheMass) {
  RankHistogram ranks(6);
  for (int64_t k = 0; k <= 6; ++k) ranks.add(k, k);
  for (const size_t most : {1, 2, 3, 5, 7, 100}) {
    const std::vector<double> classes = ranks.classes(most);
    EXPECT_EQ(classes.size(), std::min<size_t>(most, 7));
    for (const double share : classes) EXPECT_NEAR(share, 1.0 / static_cast<double>(classes.size()), 1e-15);
  }
}

TEST(Events, PerfectAndUselessForecasts) {
  EventScores perfect, useless;
  for (int k = 0; k < 10; ++k) {
    perfect.add(1.0, k < 3 ? 8 : 0, 8, k < 3);
    useless.add(1.0, 4, 8, k % 2 == 0);
  }
  EXPECT_EQ(perfect.brier().score, 0.0);
  EXPECT_EQ(perfect.roc_area(), 1.0);
  EXPECT_NEAR(perfect.brier().uncertainty, 0.21, 1e-15);
  EXPECT_EQ(useless.roc_area(), 0.5);
  EXPECT_EQ(useless.brier().resolution, 0.0);
  EventScores never;
  never.add(1.0, 0, 8, false);
  EXPECT_TRUE(std::isnan(never.roc_area()));
  EXPECT_EQ(never.brier().score, 0.0);
}

TEST(Events, EnsemblesOfSeveralSizesAddUp) {
  EventScores both;
  both.add(2.0, 1, 2, true);
  both.add(2.0, 2, 4, false);
  EXPECT_NEAR(both.brier().score, 0.25, 1e-15);
  EXPECT_NEAR(both.brier().reliability, 0.25, 1e-15);  // two categories of one probability
}

TEST(Regions, AcrossTheDateLineAndGreenwich) {
  const LatLonGrid grid = equiangular_grid(19, 36);
  const ScoreRegion pacific(parse_region("pacific=-10,10,170,190"), grid);
  const ScoreRegion across(parse_region("across=-10,10,350,20"), grid),
      minus(parse_region("minus=-10,10,-10,20"), grid);
  const size_t equator = size_t{9} * 36;
  for (size_t j = 0; j < 36; ++j) {
    EXPECT_EQ(pacific.contains(equator + j), j >= 17 && j <= 19) << j;
    EXPECT_EQ(across.contains(equator + j), j >= 35 || j <= 2) << j;
    EXPECT_EQ(minus.contains(equator + j), across.contains(equator + j)) << j;
  }
  EXPECT_FALSE(pacific.contains(18));
  EXPECT_TRUE(ScoreRegion({"globe"}, grid).contains(equator + 35));
}

TEST(Regions, NonsenseIsRefused) {
  for (const char* text : {"alps", "=1,2,3,4", "a=1,2,3", "a=1,2,3,4,5", "a=2,1,3,4", "a=1,2,3,x", "a=-91,2,3,4",
                           "a=1,2,-181,4", "a=1,2,3,361", "a=nan,2,3,4", "a b=1,2,3,4"}) {
    EXPECT_THROW(parse_region(text), Error) << text;
  }
  EXPECT_THROW(ScoreRegion(parse_region("between=1,2,3,4"), equiangular_grid(19, 36)), Error);
  EXPECT_THROW(ScoreRegion(parse_region("pole=90,90,0,360"), equiangular_grid(19, 36)), Error);
}

TEST(Comoments, AreThoseOfTwoPasses) {
  const std::vector<double> x = drawn(500, 1), noise = drawn(500, 2);
  Comoments sums;
  double weight = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  const auto w = [](size_t k) { return 0.1 + static_cast<double>(k % 7); };
  const auto y = [&](size_t k) { return 1e4 + 0.5 * x[k] + noise[(k * 77) % 500]; };
  for (size_t k = 0; k < 500; ++k) sums.add(w(k), x[k], y(k)), weight += w(k), mx += w(k) * x[k], my += w(k) * y(k);
  mx /= weight, my /= weight;
  for (size_t k = 0; k < 500; ++k) {
    xx += w(k) * (x[k] - mx) * (x[k] - mx), yy += w(k) * (y(k) - my) * (y(k) - my),
        xy += w(k) * (x[k] - mx) * (y(k) - my);
  }
  EXPECT_NEAR(sums.correlation(), xy / std::sqrt(xx * yy), 1e-10);  // doubles near 1e4 hold 2e-12
}

}  // namespace
}  // namespace hens
