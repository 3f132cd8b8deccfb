// Scores from counts against those of the members counted.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "scores/histogram_scores.h"

namespace hens {
namespace {

struct Counted {
  int32_t first = 0;
  std::vector<uint32_t> counts;
};

Counted counted(Lattice lattice, const std::vector<double>& members) {
  std::map<int32_t, uint32_t> bins;
  for (const double x : members) ++bins[bin_of(lattice, static_cast<float>(x))];
  Counted made{bins.begin()->first, {}};
  made.counts.resize(static_cast<size_t>(bins.rbegin()->first - made.first) + 1);
  for (const auto& [bin, count] : bins) made.counts[static_cast<size_t>(bin - made.first)] = count;
  return made;
}

using Draw = std::function<double(std::mt19937&)>;

// Of standard deviation 1, as members come: float32.
const std::vector<std::pair<const char*, Draw>>& shapes() {
  static const std::vector<std::pair<const char*, Draw>> all{
      {"normal", [](std::mt19937& r) { return std::normal_distribution<>(0.0, 1.0)(r); }},
      {"gamma", [](std::mt19937& r) { return std::gamma_distribution<>(4.0, 0.5)(r); }},
      {"bimodal", [](std::mt19937& r) {
         const double side = std::bernoulli_distribution(0.4)(r) ? -0.9 : 0.6;
         return side * 0.9 + std::normal_distribution<>(0.0, 0.75)(r);
       }}};
  return all;
}

std::vector<double> drawn(const Draw& draw, size_t count, std::mt19937& random) {
  std::vector<double> members(count);
  for (double& x : members) x = static_cast<float>(draw(random));
  std::ranges::sort(members);
  return members;
}

// Whatever the members, the truth and the width, also far outside and on an edge.
TEST(Histogram, BoundsHold) {
  std::mt19937 random(5);
  for (const double width : {0.0, 0.05, 0.5, 2.0, 20.0}) {
    for (const size_t members : {1, 2, 3, 10, 200}) {
      for (const auto& [name, draw] : shapes()) {
        const std::vector<double> x = drawn(draw, members, random);
        const Counted made = counted({width}, x);
        for (const float y : {-7.0f, -0.5f, 0.0f, 0.013f, 0.5f, 1.0f, 30.0f}) {
          const PointScores exact = point_scores(x, y), ours = histogram_scores({width}, made.first, made.counts, y);
          EXPECT_LE(std::abs(ours.crps - exact.crps), ours.crps_bound + 1e-12) << name << " " << width << " " << y;
          if (members > 1) {
            EXPECT_LE(std::abs(ours.fair_crps - exact.fair_crps), ours.fair_crps_bound + 1e-12) << name << " " << y;
          }
          const PointScores better = histogram_scores({width}, made.first, made.counts, y, exact.mean);
          EXPECT_LE(std::abs(better.crps - exact.crps), better.crps_bound + 1e-12) << name << " " << width << " " << y;
          EXPECT_LE(ours.below, exact.below);
          EXPECT_GE(ours.at_most, exact.at_most);
        }
      }
    }
  }
}

// 7,424 members with eight bins a standard deviation: within 1e-3 of it at a point, and 1e-4 on the mean over many.
TEST(Histogram, CrpsOfAHugeEnsemble) {
  for (const auto& [name, draw] : shapes()) {
    std::mt19937 random(9);
    double sum = 0.0, fair_sum = 0.0, worst = 0.0;
    constexpr int points = 300;
    for (int point = 0; point < points; ++point) {
      const Lattice lattice{0.125};
      const std::vector<double> x = drawn(draw, 7424, random);
      const auto y = static_cast<float>(draw(random));
      const Counted made = counted(lattice, x);
      const PointScores exact = point_scores(x, y),
                        ours = histogram_scores(lattice, made.first, made.counts, y, exact.mean);
      sum += ours.crps - exact.crps, fair_sum += ours.fair_crps - exact.fair_crps;
      worst = std::max(worst, std::abs(ours.crps - exact.crps));
    }
    EXPECT_LE(worst, 1e-3) << name;
    EXPECT_LE(std::abs(sum) / points, 1e-4) << name;
    EXPECT_LE(std::abs(fair_sum) / points, 1e-4) << name;
  }
}

// The truth beyond all bins: only their mean counts there.
TEST(Histogram, OneMemberAtItsCentre) {
  const PointScores scores = histogram_scores({1.0}, 4, std::vector<uint32_t>{1}, 10.0f);
  EXPECT_EQ(scores.crps, 5.5);
  EXPECT_EQ(scores.below, 1);
  EXPECT_EQ(scores.at_most, 1);
}

}  // namespace
}  // namespace hens
