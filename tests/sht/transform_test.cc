// The transform against the golden arrays (tolerances of their README) and against facts that need no file.
#include "sht/transform.h"

#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sht/golden.h"

namespace hens::sht {
namespace {

using test::golden_complex;
using test::golden_real;
using test::tensors_near;

constexpr ShtSize equiangular{GridKind::equiangular, 73, 144, 36, 37};
constexpr ShtSize gaussian{GridKind::legendre_gauss, 36, 72, 36, 37};

RealSht analysis(const ShtSize& size) { return {size, at::kDouble, at::kCPU}; }
InverseRealSht synthesis(const ShtSize& size) { return {size, at::kDouble, at::kCPU}; }

// Random coefficients that a real field can have: nothing above the diagonal, real at m = 0, none at the Nyquist order.
at::Tensor band_limited(const ShtSize& size, int fields) {
  at::manual_seed(1);
  at::Tensor c = at::randn({fields, size.lmax, size.mmax}, at::kComplexDouble).tril();
  at::imag(c.select(2, 0)).zero_();
  if (size.mmax == size.nlon / 2 + 1) c.select(2, size.nlon / 2).zero_();
  return c;
}

at::Tensor colatitudes(const ShtSize& size) {
  return at::tensor(quadrature(size.grid, size.nlat).colatitude, at::kDouble).unsqueeze(1).expand({-1, size.nlon});
}

at::Tensor longitudes(const ShtSize& size) {
  return (at::arange(size.nlon, at::kDouble) * (2 * M_PI / size.nlon)).expand({size.nlat, size.nlon});
}

class Transform : public testing::TestWithParam<ShtSize> {};

TEST_P(Transform, OfSimpleFieldsIsExact) {
  const RealSht sht = analysis(GetParam());
  const at::Tensor theta = colatitudes(GetParam()), lambda = longitudes(GetParam());
  const auto only = [&](int l, int m, c10::complex<double> value) {
    at::Tensor c = at::zeros({GetParam().lmax, GetParam().mmax}, at::kComplexDouble);
    c[l][m].fill_(value);
    return c;
  };
  EXPECT_TRUE(tensors_near(sht(at::ones_like(theta)), only(0, 0, std::sqrt(4 * M_PI)), 1e-14));
  EXPECT_TRUE(tensors_near(sht(at::cos(theta)), only(1, 0, std::sqrt(4 * M_PI / 3)), 1e-14));
  EXPECT_TRUE(tensors_near(sht(at::sin(theta) * at::cos(lambda)), only(1, 1, -std::sqrt(2 * M_PI / 3)), 1e-14));
  EXPECT_TRUE(tensors_near(sht(at::sin(theta) * at::sin(lambda)), only(1, 1, {0, std::sqrt(2 * M_PI / 3)}), 1e-14));
}

TEST_P(Transform, ReturnsBandLimitedFields) {
  const at::Tensor c = band_limited(GetParam(), 3);
  EXPECT_TRUE(tensors_near(analysis(GetParam())(synthesis(GetParam())(c)), c, 1e-13));
}

// Integral of f^2 over the sphere = sum of |c|^2 over all orders, m < 0 included.
TEST_P(Transform, KeepsTheNorm) {
  const at::Tensor c = band_limited(GetParam(), 1)[0], f = synthesis(GetParam())(c);
  const at::Tensor weight = at::tensor(quadrature(GetParam().grid, GetParam().nlat).weight, at::kDouble);
  const double integral = (f.square().mean(1) * weight).sum().item<double>() * 2 * M_PI;
  const at::Tensor power = at::abs(c).square().sum(0);
  EXPECT_NEAR(integral / (2 * power.sum() - power[0]).item<double>(), 1.0, 1e-13);
}

TEST_P(Transform, WritesZerosAboveTheDiagonalAndIgnoresWhatStandsThere) {
  at::manual_seed(2);
  const at::Tensor c = analysis(GetParam())(at::randn({GetParam().nlat, GetParam().nlon}, at::kDouble));
  EXPECT_EQ(at::abs(c).triu(1).max().item<double>(), 0.0);
  const at::Tensor junk = c + at::randn_like(c).triu(1);
  EXPECT_TRUE(at::equal(synthesis(GetParam())(junk), synthesis(GetParam())(c)));
}

TEST_P(Transform, OfOddFieldsHasNoEvenPart) {
  at::manual_seed(3);
  at::Tensor f = at::randn({GetParam().nlat, GetParam().nlon}, at::kDouble);
  f = f - f.flip(0);
  const at::Tensor c = analysis(GetParam())(f);
  for (int l = 0; l < 6; ++l) {
    for (int m = l % 2; m <= l; m += 2) EXPECT_LT(at::abs(c[l][m]).item<double>(), 1e-15) << l << " " << m;
  }
}

TEST_P(Transform, TreatsEachFieldAloneUpToRounding) {
  const at::Tensor c = band_limited(GetParam(), 4);
  const at::Tensor together = synthesis(GetParam())(c.view({2, 2, GetParam().lmax, GetParam().mmax}));
  EXPECT_TRUE(tensors_near(synthesis(GetParam())(c[2]), together[1][0], 1e-13));
}

TEST_P(Transform, GivesTheTypeAskedFor) {
  const at::Tensor c = RealSht(GetParam(), at::kFloat, at::kCPU)(at::ones({2, GetParam().nlat, GetParam().nlon}));
  EXPECT_EQ(c.scalar_type(), at::kComplexFloat);
  EXPECT_EQ(InverseRealSht(GetParam(), at::kFloat, at::kCPU)(c).scalar_type(), at::kFloat);
}

INSTANTIATE_TEST_SUITE_P(Grids, Transform,
                         testing::Values(equiangular, gaussian, ShtSize{GridKind::equiangular, 37, 72, 18, 19},
                                         ShtSize{GridKind::legendre_gauss, 7, 15, 7, 7}));

std::string grid_name(const ShtSize& size) {
  return fmt::format("{}{}x{}", size.grid == GridKind::equiangular ? "eq" : "lg", size.nlat, size.nlon);
}

class TransformGolden : public testing::TestWithParam<ShtSize> {};

TEST_P(TransformGolden, Cases) {
  const ShtSize& size = GetParam();
  const std::string prefix = fmt::format("{}_l{}_m{}", grid_name(size), size.lmax, size.mmax);
  HENS_REQUIRE_DATA("golden/sht/" + prefix + "_a_field.npy");
  const RealSht forward = analysis(size);
  const InverseRealSht inverse = synthesis(size);

  const at::Tensor a = golden_real(prefix + "_a_field");
  EXPECT_TRUE(tensors_near(inverse(golden_complex(prefix + "_a_coefficients")), a, 1e-12));
  EXPECT_TRUE(tensors_near(forward(a), golden_complex(prefix + "_a_coefficients_back"), 1e-12));

  const at::Tensor b = golden_complex(prefix + "_b_coefficients");
  EXPECT_TRUE(tensors_near(forward(golden_real(prefix + "_b_field")), b, 1e-10));
  EXPECT_TRUE(tensors_near(inverse(b), golden_real(prefix + "_b_field_back"), 1e-10));

  const at::Tensor raw = golden_complex(prefix + "_c_raw_coefficients");
  EXPECT_TRUE(tensors_near(inverse(raw), golden_real(prefix + "_c_field"), 5e-12));
}

INSTANTIATE_TEST_SUITE_P(Grids, TransformGolden,
                         testing::Values(equiangular, gaussian, ShtSize{GridKind::equiangular, 37, 72, 18, 19},
                                         ShtSize{GridKind::equiangular, 73, 144, 36, 36},
                                         ShtSize{GridKind::legendre_gauss, 36, 72, 36, 36}));

TEST(TransformGolden, BetweenGrids) {
  HENS_REQUIRE_DATA("golden/sht");
  for (const auto& [from, to] : {std::pair(equiangular, gaussian), std::pair(gaussian, equiangular)}) {
    const std::string prefix = fmt::format("cross_{}_to_{}", grid_name(from), grid_name(to));
    const at::Tensor c = golden_complex(prefix + "_coefficients"), output = golden_real(prefix + "_output");
    const at::Tensor ours = analysis(from)(golden_real(prefix + "_input"));
    EXPECT_TRUE(tensors_near(ours, c, 1e-10));
    EXPECT_TRUE(tensors_near(synthesis(to)(c), output, 1e-10));
    // The peer's Gaussian weights are off by up to 2.3e-15 (against 30 digits); the field's c_00 of 988 carries that
    // into every order-zero coefficient, and on the poles they all add up.
    EXPECT_TRUE(tensors_near(synthesis(to)(ours), output, 3e-10));
  }
}

// With lmax = nlat the Clenshaw-Curtis rule is no longer exact: the round trip is wrong by 3.5e-3, in the peer's way.
TEST(TransformGolden, DefaultTruncationIsInexactInTheSameWay) {
  HENS_REQUIRE_DATA("golden/sht");
  const ShtSize size{GridKind::equiangular, 73, 144, 73, 73};
  const at::Tensor c = golden_complex("eq73x144_default_coefficients"), f = golden_real("eq73x144_default_field");
  const at::Tensor back = golden_complex("eq73x144_default_coefficients_back");
  EXPECT_TRUE(tensors_near(synthesis(size)(c), f, 1e-12));
  EXPECT_TRUE(tensors_near(analysis(size)(f), back, 1e-12));
  EXPECT_GT(at::abs(back - c).max().item<double>(), 1e-3);
}

}  // namespace
}  // namespace hens::sht
