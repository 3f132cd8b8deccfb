#include "sht/legendre.h"

#include <cmath>

#include <gtest/gtest.h>

#include "sht/golden.h"
#include "sht/quadrature.h"

namespace hens::sht {
namespace {

TEST(Legendre, KnowsTheFirstDegrees) {
  const std::vector<double> x{0.3};
  const double sine = std::sqrt(1 - 0.09);
  const std::vector<double> table = legendre_table(3, 3, x);  // [m, l]
  EXPECT_NEAR(table[0], std::sqrt(1 / (4 * M_PI)), 1e-16);
  EXPECT_NEAR(table[1], std::sqrt(3 / (4 * M_PI)) * 0.3, 1e-16);
  EXPECT_NEAR(table[2], std::sqrt(5 / (4 * M_PI)) * (3 * 0.09 - 1) / 2, 1e-15);
  EXPECT_NEAR(table[4], -std::sqrt(3 / (8 * M_PI)) * sine, 1e-16);
  EXPECT_NEAR(table[5], -std::sqrt(15 / (8 * M_PI)) * sine * 0.3, 1e-15);
  EXPECT_NEAR(table[8], std::sqrt(15 / (32 * M_PI)) * sine * sine, 1e-15);
}

TEST(Legendre, IsZeroAboveTheDiagonal) {
  const std::vector<double> table = legendre_table(5, 4, std::vector<double>{-0.5, 0.1, 1.0});
  for (int m = 0; m < 5; ++m) {
    for (int l = 0; l < std::min(m, 4); ++l) {
      for (int k = 0; k < 3; ++k) EXPECT_EQ(table[(m * 4 + l) * 3 + k], 0.0) << m << " " << l;
    }
  }
}

// 2 pi int P_lm P_l'm dx = [l = l'], with a Gauss rule that is exact for it, at the degrees of the full-size model.
TEST(Legendre, IsOrthonormalAtFullSize) {
  constexpr int lmax = 720;
  const Quadrature rule = gauss_legendre(lmax);
  for (const int m : {0, 1, 350, 700}) {
    std::vector<double> p((lmax - m) * rule.x.size());
    legendre_of_order(m, lmax, rule.x, p);
    const auto product = [&](int l1, int l2) {
      double sum = 0.0;
      for (size_t k = 0; k < rule.x.size(); ++k) {
        sum += rule.weight[k] * p[(l1 - m) * rule.x.size() + k] * p[(l2 - m) * rule.x.size() + k];
      }
      return 2 * M_PI * sum;
    };
    EXPECT_NEAR(product(m, m), 1.0, 1e-11);  // the recursion loses about lmax ulps
    EXPECT_NEAR(product(719, 719), 1.0, 1e-11);
    EXPECT_NEAR(product(m, 718), 0.0, 1e-11);
    EXPECT_NEAR(product(m + 3, m + 1), 0.0, 1e-11);
  }
}

// sum over m of |P_lm|^2 = (2l + 1) / (4 pi), at any x (the addition theorem).
TEST(Legendre, ObeysTheAdditionTheorem) {
  const std::vector<double> x{0.0, 0.3, -0.77, 0.9999, 1.0};
  constexpr int lmax = 300;
  const std::vector<double> table = legendre_table(lmax, lmax, x);
  for (const int l : {0, 1, 17, 299}) {
    for (size_t k = 0; k < x.size(); ++k) {
      double sum = 0.0;
      for (int m = 0; m <= l; ++m) sum += (m == 0 ? 1 : 2) * std::pow(table[(m * lmax + l) * x.size() + k], 2);
      EXPECT_NEAR(sum / ((2 * l + 1) / (4 * M_PI)), 1.0, 1e-12) << "l " << l << " x " << x[k];
    }
  }
}

class LegendreGolden : public testing::TestWithParam<std::tuple<GridKind, std::string, int, int>> {};

TEST_P(LegendreGolden, NodesWeightsAndTable) {
  HENS_REQUIRE_DATA("golden/sht");
  const auto& [kind, grid, nlat, lmax] = GetParam();
  const Quadrature rule = quadrature(kind, nlat);
  EXPECT_TRUE(test::all_near(rule.colatitude, test::golden_values(grid + "_colatitude_north_to_south"), 1e-13));
  EXPECT_TRUE(test::all_near(rule.weight, test::golden_values(grid + "_weights_south_to_north"), 1e-13));
  const std::string size = grid + "_l" + std::to_string(lmax) + "_m" + std::to_string(lmax + 1);
  std::vector<double> table;
  for (const double order : test::golden_values(size + "_legendre_orders")) {
    const int m = static_cast<int>(order);
    const size_t first = table.size() + static_cast<size_t>(std::min(m, lmax)) * nlat;
    table.resize(table.size() + static_cast<size_t>(lmax) * nlat);
    if (m < lmax) legendre_of_order(m, lmax, rule.x, std::span(table).subspan(first));
  }
  EXPECT_TRUE(test::all_near(table, test::golden_values(size + "_legendre"), 1e-13));
}

INSTANTIATE_TEST_SUITE_P(Grids, LegendreGolden,
                         testing::Values(std::tuple(GridKind::equiangular, "eq73x144", 73, 36),
                                         std::tuple(GridKind::equiangular, "eq37x72", 37, 18),
                                         std::tuple(GridKind::legendre_gauss, "lg36x72", 36, 36)));

}  // namespace
}  // namespace hens::sht
