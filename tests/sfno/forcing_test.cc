// Static features and the sun as the network receives them. Golden: channels 74 .. 109 of the input of step 1.
#include "sfno/forcing.h"

#include <gtest/gtest.h>

#include "sfno/tensors.h"

namespace hens {
namespace {

using test::tensors_near;

// Within 1e-6: tight enough to tell an orography divided by the standard deviation with n (2.4e-5 off) and waves of
// doubles (up to 4e-6 off at k = 16).
TEST(Forcing, IsTheGoldenInput) {
  HENS_REQUIRE_DATA("golden/model");
  const ModelPackage package = test::golden_package("mini_seed102");
  const at::Tensor input = test::golden_tensor("forecast/mini_seed102_step1_input").permute({1, 2, 0});
  const at::Tensor sun = sun_feature(package.grid, parse_time("2015-09-12T18"), SunKind::float32);
  EXPECT_TRUE(tensors_near(sun, input.slice(2, 74, 75), 1e-6));
  const at::Tensor features = static_features(package);
  EXPECT_TRUE(tensors_near(features.slice(2, 0, 32), input.slice(2, 75, 107), 1e-6));
  EXPECT_TRUE(tensors_near(features.slice(2, 32, 33), input.slice(2, 107, 108), 1e-6));
  EXPECT_TRUE(at::equal(features.slice(2, 33), input.slice(2, 108)));
}

// What the tolerance above tells apart, so that it stays able to.
TEST(Forcing, GoldenOrographyHasTheSampleDeviation) {
  HENS_REQUIRE_DATA("golden/model");
  const at::Tensor orography = test::golden_tensor("forecast/mini_seed102_step1_input")[107].to(at::kDouble);
  const double n = static_cast<double>(orography.numel());
  EXPECT_NEAR(orography.std(false).item<double>(), std::sqrt((n - 1) / n), 1e-5);
  EXPECT_GT(at::abs(orography * (std::sqrt(n / (n - 1)) - 1)).max().item<double>(), 1e-5);
}

TEST(Forcing, WavesAreRadiansWhereTheConfigHasCoordinatesElseFractions) {
  ModelPackage package;
  package.grid = equiangular_grid(5, 8);
  package.config.add_grid = true;
  package.config.grid_frequencies = 3;
  package.config.has_coordinates = true;
  at::Tensor features = static_features(package);
  ASSERT_EQ(features.sizes(), at::IntArrayRef({5, 8, 6}));
  EXPECT_NEAR(features[1][3][0].item<double>(), std::sin(M_PI / 4), 1e-6);          // sin(lat), 45 N
  EXPECT_NEAR(features[1][3][5].item<double>(), std::sin(3 * 3 * M_PI / 4), 1e-6);  // sin(3 lon), 135 E
  package.config.has_coordinates = false;
  features = static_features(package);
  EXPECT_NEAR(features[1][3][0].item<double>(), std::sin(1.0 / 5), 1e-6);
  EXPECT_NEAR(features[1][3][5].item<double>(), std::sin(3 * 3.0 / 8), 1e-6);
  package.config.add_cos_to_grid = true;
  features = static_features(package);
  ASSERT_EQ(features.size(2), 12);
  EXPECT_NEAR(features[1][3][2].item<double>(), std::cos(1.0 / 5), 1e-6);
}

TEST(Forcing, OnlyWholeLandIsLand) {
  ModelPackage package;
  package.grid = equiangular_grid(2, 2);
  package.config.add_landmask = true;
  package.land_mask = {0.0f, 0.4f, 0.999f, 1.0f};
  const at::Tensor features = static_features(package);
  EXPECT_TRUE(at::equal(features.select(2, 0).flatten(), at::tensor({1.0f, 1.0f, 1.0f, 0.0f})));
  EXPECT_TRUE(at::equal(features.select(2, 1).flatten(), at::tensor({0.0f, 0.0f, 0.0f, 1.0f})));
}

}  // namespace
}  // namespace hens
