// Facts about quadrature that hold for any right implementation.
#include "sht/quadrature.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hens::sht {
namespace {

double integrate_power(const Quadrature& rule, int degree) {
  double sum = 0.0;
  for (size_t k = 0; k < rule.weight.size(); ++k) sum += rule.weight[k] * std::pow(rule.x[k], degree);
  return sum;
}

// int_{-1}^{1} x^degree dx
double exact_power(int degree) { return degree % 2 == 0 ? 2.0 / (degree + 1) : 0.0; }

TEST(GaussLegendre, IsExactUpToDegreeTwoNMinusOne) {
  const Quadrature rule = gauss_legendre(8);
  for (int degree = 0; degree <= 15; ++degree) {
    EXPECT_NEAR(integrate_power(rule, degree), exact_power(degree), 1e-14) << "degree " << degree;
  }
  EXPECT_GT(std::abs(integrate_power(rule, 16) - exact_power(16)), 1e-6) << "a rule of 8 points cannot know degree 16";
}

TEST(GaussLegendre, KnowsTheSmallRules) {
  EXPECT_DOUBLE_EQ(gauss_legendre(1).weight[0], 2.0);
  EXPECT_DOUBLE_EQ(gauss_legendre(2).x[0], 1.0 / std::sqrt(3.0));
  EXPECT_NEAR(gauss_legendre(3).weight[1], 8.0 / 9.0, 1e-15);
}

TEST(ClenshawCurtis, IsExactUpToDegreeNMinusOne) {
  for (const int n : {2, 5, 8, 721}) {
    const Quadrature rule = clenshaw_curtis(n);
    for (int degree = 0; degree < std::min(n, 40); ++degree) {
      EXPECT_NEAR(integrate_power(rule, degree), exact_power(degree), 1e-13) << n << " points, degree " << degree;
    }
  }
  EXPECT_GT(std::abs(integrate_power(clenshaw_curtis(5), 6) - exact_power(6)), 1e-3) << "degree n + 1 is beyond it";
}

TEST(ClenshawCurtis, PutsRingsOnBothPoles) {
  const Quadrature rule = clenshaw_curtis(721);
  EXPECT_EQ(rule.colatitude.front(), 0.0);
  EXPECT_DOUBLE_EQ(rule.colatitude.back(), M_PI);
  EXPECT_GT(rule.weight.front(), 0.0);
}

// The transforms fold the hemispheres onto one another and rely on it.
TEST(Quadrature, IsSymmetricAboutTheEquatorToTheLastBit) {
  for (const GridKind kind : {GridKind::equiangular, GridKind::legendre_gauss}) {
    for (const int n : {2, 3, 36, 73, 360, 721}) {
      const Quadrature rule = quadrature(kind, n);
      for (int k = 0; k < n; ++k) {
        EXPECT_EQ(rule.x[k], -rule.x[n - 1 - k]);
        EXPECT_EQ(rule.weight[k], rule.weight[n - 1 - k]);
        EXPECT_NEAR(std::cos(rule.colatitude[k]), rule.x[k], 1e-15);  // an ulp of the angle at the south is 4e-16
      }
    }
  }
}

}  // namespace
}  // namespace hens::sht
