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
  const test::GoldenPart golden = test::golden_part("forecast/mini_seed102_step1_input");
  const at::Tensor sun = sun_feature(package.grid, parse_time("2015-09-12T18"), SunKind::float32);
  const at::Tensor features = at::cat({sun, static_features(package)}, 2).permute({2, 0, 1});  // channels 74 ..
  int compared = 0;
  for (int64_t k = 0; k < golden.positions.numel(); ++k) {
    const int64_t channel = golden.positions[k].item<int64_t>();
    if (channel < 74) continue;
    ++compared;
    const at::Tensor actual = features[channel - 74], expected = golden.values[k];
    if (channel < 108) {
      EXPECT_TRUE(tensors_near(actual, expected, 1e-6)) << channel;
    } else {  // sea and land
      EXPECT_TRUE(at::equal(actual, expected)) << channel;
    }
  }
  EXPECT_GE(compared, 6);
}

// What the tolerance above tells apart, so that it stays able to.
TEST(Forcing, GoldenOrographyHasTheSampleDeviation) {
  HENS_REQUIRE_DATA("golden/model");
  const test::GoldenPart input = test::golden_part("forecast/mini_seed102_step1_input");
  const at::Tensor orography =
      input.values.index_select(0, (input.positions == 107).nonzero().flatten())[0].to(at::kDouble);
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
