// Facts about the correlated spherical Gaussian noise, and the peer's own fields.
#include "perturbation/noise.h"

#include <cmath>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "golden.h"

namespace hens {
namespace {

using test::golden;
using test::tensors_equal;
using test::tensors_near;

constexpr Time midnight{std::chrono::sys_days{std::chrono::January / 1 / 2024}};
const double phi = std::exp(-6.0 / 48.0);

// What the peer's AR(1) chain of successive arrays of normals amounts to at batch element `k` (0: the first), as
// normals of one independent draw: c <- phi c + sigma_l xi, started at sigma_l xi / sqrt(1 - phi^2). `draws` is [step,
// ...].
at::Tensor chained(const at::Tensor& draws, int k) {
  at::Tensor normals = draws[0].to(at::kDouble);
  for (int step = 1; step <= k; ++step)
    normals = phi * normals + std::sqrt(1.0 - phi * phi) * draws[step].to(at::kDouble);
  return normals;
}

// [lmax, mmax, 2] of normals packed by rows l = 0.., m = 0..l; zero where `packed` ends before.
at::Tensor unpack_triangle(const at::Tensor& packed, int64_t lmax) {
  at::Tensor full = at::zeros({lmax, lmax + 1, 2}, packed.options());
  for (int64_t l = 0, at = 0; at < packed.size(0); at += ++l)
    full[l].narrow(0, 0, l + 1).copy_(packed.narrow(0, at, l + 1));
  return full;
}

at::Tensor every_eighth(const at::Tensor& field, int64_t dim) { return field.slice(dim, 0, field.size(dim), 8); }

TEST(NoiseSpectrum, IsThePeers) {
  HENS_REQUIRE_DATA("golden/noise");
  for (const auto& [file, lmax] :
       {std::pair("noise/small_sigma_l_f64.npy", 72), {"noise/large_sigma_l_f64.npy", 720}}) {
    const NoiseSpectrum spectrum = noise_spectrum({}, lmax);
    EXPECT_TRUE(tensors_near(at::tensor(spectrum.sigma, at::kDouble), golden(file), 1e-16)) << file;
  }
}

TEST(NoiseSpectrum, NormalisesTheSphereMeanWithoutDegreeZero) {
  NoiseSpec spec;
  spec.sigma = 2.5;
  const NoiseSpectrum spectrum = noise_spectrum(spec, 72);
  double variance = 0.0;  // of a field with all imaginary parts kept: sum over l > 0 of 2 (2l + 1) sigma_l^2
  for (int l = 1; l < 72; ++l) variance += 2.0 * (2.0 * l + 1.0) * std::pow(spectrum.stationary * spectrum.sigma[l], 2);
  EXPECT_NEAR(variance, 2.5 * 2.5, 1e-13);
}

TEST(NoiseSpectrum, RefusesScalesThatDescribeNoNoise) {
  NoiseSpec spec;
  spec.length_scale = 1e9;  // every degree but the mean underflows
  EXPECT_THROW(noise_spectrum(spec, 72), Error);
}

TEST(SignificantDegrees, LeavesOutLessThanADoubleShows) {
  const NoiseSpectrum spectrum = noise_spectrum({}, 720);
  const int degrees = significant_degrees(spectrum);
  EXPECT_EQ(degrees, 155);
  double beyond = 0.0, total = 0.0;
  for (int l = 0; l < 720; ++l) {
    const double variance = (2.0 * l + 1.0) * spectrum.sigma[l] * spectrum.sigma[l];
    (l < degrees ? total : beyond) += variance;
  }
  EXPECT_LT(std::sqrt(beyond / total), 1e-16);
}

TEST(SignificantDegrees, KeepsAllOfARoughField) {
  NoiseSpec spec;
  spec.length_scale = 1e4;
  EXPECT_EQ(significant_degrees(noise_spectrum(spec, 72)), 72);
}

TEST(CorrelatedSphericalGaussian, IsThePeersOn73Rows) {
  HENS_REQUIRE_DATA("golden/noise");
  const CorrelatedSphericalGaussian noise({}, 73, 144, at::kCPU);
  const at::Tensor draws = golden("noise/small_draws_f32.npy");     // [step, channel, l, m, 2]
  const at::Tensor in_double = golden("noise/small_unit_f64.npy");  // [batch, channel, lat, lon]
  const at::Tensor in_float = golden("noise/small_unit_f32.npy");
  const at::Tensor perturbed = golden("noise/small_perturbed_f32.npy");
  for (int k = 0; k < 3; ++k) {
    const at::Tensor unit = noise.unit_field(chained(draws, k));
    EXPECT_TRUE(tensors_near(unit, in_double[k], 1e-11)) << "element " << k;
    EXPECT_TRUE(tensors_near(unit, in_float[k], 5e-6)) << "element " << k;
    EXPECT_TRUE(tensors_near(39.27 * unit[0], perturbed[k][0], 2e-4)) << "element " << k;
  }
}

TEST(CorrelatedSphericalGaussian, IsThePeersOn72Rows) {
  HENS_REQUIRE_DATA("golden/noise");
  const CorrelatedSphericalGaussian noise({}, 72, 144, at::kCPU);
  const at::Tensor unit = noise.unit_field(golden("noise/even72_draws_f32.npy")[0]);
  EXPECT_TRUE(tensors_near(39.27 * unit, golden("noise/even72_perturbed_f32.npy"), 2e-4));
}

TEST(CorrelatedSphericalGaussian, IsThePeersOn721Rows) {
  HENS_REQUIRE_DATA("golden/noise");
  const CorrelatedSphericalGaussian noise({}, 721, 1440, at::kCPU);
  const at::Tensor unit = noise.unit_field(unpack_triangle(golden("noise/large_draws_triangle_f32.npy"), 720));
  const at::Tensor columns = every_eighth(unit, 1);
  EXPECT_TRUE(tensors_near(every_eighth(columns, 0), golden("noise/large_unit_f64_rows_cols_by_8.npy"), 1e-10));
  EXPECT_TRUE(tensors_near(columns.index_select(0, at::tensor({0, 1, 719, 720})),
                           golden("noise/large_unit_f64_rows_0_1_719_720.npy"), 1e-10));
  EXPECT_TRUE(
      tensors_near(39.27 * every_eighth(columns, 0), golden("noise/large_perturbed_f32_rows_cols_by_8.npy"), 2e-4));
  const at::Tensor statistics = golden("noise/large_statistics_f64.npy");  // mean and variance over all points first
  EXPECT_NEAR(unit.mean().item<double>(), statistics[0].item<double>(), 1e-11);
  EXPECT_NEAR(unit.var(false).item<double>(), statistics[1].item<double>(), 1e-11);
}

// The exact variance at longitude 0: the sum of the squared response to each normal by itself.
TEST(CorrelatedSphericalGaussian, HasTheVarianceThatTheTheorySaysInEveryRow) {
  HENS_REQUIRE_DATA("golden/noise");
  const CorrelatedSphericalGaussian noise({}, 72, 144, at::kCPU);
  at::Tensor variance = at::zeros({72}, at::kDouble);
  for (int l = 0; l < 72; ++l) {
    at::Tensor one_each = at::zeros({l + 1, 72, 73, 2}, at::kDouble);  // imaginary parts do nothing at longitude 0
    for (int m = 0; m <= l; ++m) one_each[m][l][m][0] = 1.0;
    variance += noise.unit_field(one_each).select(-1, 0).square().sum(0);
  }
  EXPECT_TRUE(tensors_near(variance, golden("noise/small_variance_by_row_analytic_f64.npy"), 1e-12));
}

TEST(CorrelatedSphericalGaussian, IgnoresWhatTheTriangleDoesNotHold) {
  const CorrelatedSphericalGaussian noise({}, 73, 144, at::kCPU);
  at::Tensor draws = at::ones({72, 73, 2}, at::kDouble);
  const at::Tensor field = noise.unit_field(draws);
  for (int l = 0; l < 72; ++l) draws[l].narrow(0, l + 1, 72 - l).fill_(NAN);
  EXPECT_TRUE(tensors_equal(noise.unit_field(draws), field));
}

TEST(CorrelatedSphericalGaussian, RepeatsTheLastRowOfAnOddGrid) {
  const CorrelatedSphericalGaussian noise({}, 73, 144, at::kCPU);
  const int channel = 0;
  const at::Tensor field = noise.unit_fields({}, {&channel, 1})[0];
  EXPECT_TRUE(tensors_equal(field[72], field[71]));
  EXPECT_FALSE(tensors_equal(field[71], field[70]));
}

TEST(CorrelatedSphericalGaussian, DrawsOfAKeyAreItsStreamInTheDocumentedOrder) {
  const CorrelatedSphericalGaussian noise({}, 73, 144, at::kCPU);
  const MemberKey key{7, midnight, 1, 2};
  at::Tensor draws = at::empty({2, 72, 73, 2}, at::kFloat);
  fill_normals(key, 5, {draws[0].data_ptr<float>(), 72 * 73 * 2});
  fill_normals(key, 0, {draws[1].data_ptr<float>(), 72 * 73 * 2});
  const std::vector<int> channels{5, 0};
  EXPECT_TRUE(tensors_near(noise.unit_fields(key, channels), noise.unit_field(draws), 1e-13));
}

TEST(CorrelatedSphericalGaussian, MakesAFieldOfTheSameBitsInAnyCompany) {
  const CorrelatedSphericalGaussian noise({}, 73, 144, at::kCPU);
  const MemberKey key{7, midnight, 1, 2};
  const std::vector<int> few{11}, many{3, 11, 0, 73, 12};
  EXPECT_TRUE(tensors_equal(noise.unit_fields(key, many)[1], noise.unit_fields(key, few)[0]));
  EXPECT_EQ(noise.unit_fields(key, {}).sizes(), (std::vector<int64_t>{0, 73, 144}));
}

TEST(CorrelatedSphericalGaussian, MakesAFieldOfTheSameBitsOnAnyNumberOfThreads) {
  const CorrelatedSphericalGaussian noise({}, 73, 144, at::kCPU);
  const MemberKey key{7, midnight, 1, 2};
  const std::vector<int> channels{3, 11};
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor serial = noise.unit_fields(key, channels);
  at::set_num_threads(3);
  const at::Tensor parallel = noise.unit_fields(key, channels);
  at::set_num_threads(threads);
  EXPECT_TRUE(tensors_equal(parallel, serial));
}

TEST(CorrelatedSphericalGaussian, RefusesAGridOnWhichThePeerHasNoNoise) {
  for (const auto& [nlat, nlon] : {std::pair(73, 146), {72, 143}, {721, 720}, {1, 0}}) {
    EXPECT_THROW(CorrelatedSphericalGaussian({}, nlat, nlon, at::kCPU), Error) << nlat << " x " << nlon;
  }
}

}  // namespace
}  // namespace hens
