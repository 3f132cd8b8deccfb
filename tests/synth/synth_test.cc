// Synthetic packages: whole, the same bytes each time, weights with the moments of their recipe.
#include "synth/synth.h"

#include <cmath>

#include "grid/channels.h"
#include "package/network_tensors.h"
#include "support/package_support.h"
#include "synth/synth_climate.h"
#include "synth/synth_weights.h"

namespace hens::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> files_of(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), folder).string());
  }
  std::ranges::sort(files);
  return files;
}

TEST(Synth, MiniIsAWholePackageOfTheGoldenShape) {
  TemporaryFolder folder;
  write_synthetic_package(folder.path(), synth_size("mini"), 102);
  const ModelPackage package = open_package(folder.path());
  EXPECT_THAT(missing_or_wrong_tensors(package), IsEmpty());
  EXPECT_EQ(package.parameters(), 353'804);
  EXPECT_EQ(package.config.channels, hens_channels());
  EXPECT_EQ(package.grid, equiangular_grid(73, 144));
  EXPECT_EQ(package.mean[package.config.channels.size() - 1], channel_climate("q1000").mean);
  // The planet has land and sea, and hills on land alone.
  EXPECT_EQ(*std::ranges::max_element(package.land_mask), 1.0f);
  EXPECT_EQ(*std::ranges::min_element(package.land_mask), 0.0f);
  EXPECT_GT(*std::ranges::max_element(package.orography), 9.8f * 500);
  for (size_t k = 0; k < package.grid.points(); ++k) {
    EXPECT_TRUE(package.orography[k] == 0.0f || package.land_mask[k] > 0.0f) << k;
  }
}

TEST(Synth, SameSeedSameBytesOtherSeedOtherWeights) {
  TemporaryFolder a, b, c;
  write_synthetic_package(a.path(), tiny, 7);
  write_synthetic_package(b.path(), tiny, 7);
  write_synthetic_package(c.path(), tiny, 8);
  const std::vector<std::string> files = files_of(a.path());
  ASSERT_EQ(files, files_of(b.path()));
  EXPECT_EQ(files.size(), 7u);  // and no temporary file
  for (const std::string& name : files) {
    EXPECT_EQ(read_file(a / name), read_file(b / name)) << name;
    EXPECT_EQ(read_file(a / name) == read_file(c / name), name != checkpoint_file) << name;
  }
}

TEST(Synth, ReplacesAPackageOfAnotherSize) {
  TemporaryFolder folder;
  write_synthetic_package(folder.path(), tiny, 7);
  write_synthetic_package(folder.path(), {.nlat = 19, .nlon = 36, .embed_dim = 3, .num_layers = 1, .scale_factor = 1},
                          7);
  EXPECT_THAT(missing_or_wrong_tensors(open_package(folder.path())), IsEmpty());
}

TEST(Synth, UnknownSizeIsNamed) {
  EXPECT_THAT(error_of([] { synth_size("huge"); }, ExitCode::usage), HasSubstr("'huge'; known: mini, hens"));
}

TEST(Synth, FullSizeHasTheParametersOfHens) {
  const SynthSize size = synth_size("hens");
  ModelConfig config{.nlat = size.nlat, .nlon = size.nlon, .embed_dim = size.embed_dim, .num_layers = size.num_layers};
  config.lmax = size.nlat / size.scale_factor;
  config.channels = hens_channels();
  config.add_zenith = config.add_grid = config.add_orography = config.add_landmask = true;
  config.grid_frequencies = 16;
  int64_t parameters = 0;
  for (const NetworkTensor& tensor : network_tensors(config)) {
    int64_t elements = 1;
    for (const int64_t n : tensor.shape) elements *= n;
    parameters += elements;
  }
  EXPECT_NEAR(static_cast<double>(parameters), 1.123e9, 0.001e9);
}

TEST(SynthWeights, BellHasMeanZeroVarianceOneAndItsBits) {
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  constexpr int n = 1'000'000;
  for (int k = 0; k < n; ++k) {
    const double x = bell(42, static_cast<uint64_t>(k));
    sum += x, squares += x * x, fourth += x * x * x * x;
    ASSERT_LE(std::abs(x), 3.4642f);  // sqrt(12)
  }
  // Four standard errors of each moment.
  EXPECT_NEAR(sum / n, 0.0, 4e-3);
  EXPECT_NEAR(squares / n, 1.0, 4 * std::sqrt(1.7 / n));
  EXPECT_NEAR(fourth / n, 2.7, 0.03);  // a sum of four uniform numbers: 3 - 6 / 5 / 4
}

TEST(SynthWeights, AnyPartIsTheSameAsTheWhole) {
  const NetworkTensor filter{"blocks.0.filter.filter.weight", {3, 3, 5}, ElementType::complex64};
  const SynthWeights weights(filter, 1, 5);
  ASSERT_EQ(weights.floats(), 90u);
  std::vector<float> whole(90), part(20);
  weights.fill(0, whole);
  weights.fill(34, part);
  EXPECT_EQ(part, std::vector<float>(whole.begin() + 34, whole.begin() + 54));
}

double variance(const NetworkTensor& tensor, uint64_t begin, size_t step) {
  const SynthWeights weights(tensor, 1, 0);
  std::vector<float> values(weights.floats());
  weights.fill(0, values);
  double squares = 0.0;
  size_t count = 0;
  for (size_t k = begin; k < values.size(); k += step, ++count) squares += values[k] * values[k];
  return squares / static_cast<double>(count);
}

TEST(SynthWeights, ScalesKeepAStepAContraction) {
  // Variances of the recipe; 100 * 100 draws have a relative standard error of 0.013.
  EXPECT_NEAR(variance({"encoder.fwd.2.weight", {100, 100, 1, 1}}, 0, 1), 2.0 / 100, 1e-3);
  EXPECT_NEAR(variance({"blocks.1.outer_skip.weight", {100, 100, 1, 1}}, 0, 1), 0.5 / 100, 3e-4);
  EXPECT_NEAR(variance({"decoder.fwd.2.weight", {100, 100, 1, 1}}, 0, 1), 9e-4 / 100, 5e-7);
  // Complex numbers of variance 1 / in at l = 0, falling to (1 + 3 * 9 / 10)^-2 of it at l = 9.
  const NetworkTensor filter{"blocks.0.filter.filter.weight", {100, 100, 10}, ElementType::complex64};
  EXPECT_NEAR(variance(filter, 0, 20), 0.5 / 100, 3e-4);
  EXPECT_NEAR(variance(filter, 18, 20), 0.5 / 100 / (3.7 * 3.7), 3e-5);
  // The skip's diagonal is 0.96.
  const SynthWeights skip({"residual_transform.weight", {2, 5, 1, 1}}, 1, 0);
  std::vector<float> values(10);
  skip.fill(0, values);
  EXPECT_NEAR(values[0], 0.96, 0.02);
  EXPECT_NEAR(values[6], 0.96, 0.02);
  EXPECT_NEAR(values[1], 0.0, 0.02);
}

TEST(SynthClimate, IsThatOfAnAtmosphere) {
  for (const std::string& channel : hens_channels()) {
    const ChannelClimate climate = channel_climate(channel);
    EXPECT_TRUE(std::isfinite(climate.mean) && climate.std > 0) << channel;
  }
  // Hydrostatic: the thickness between neighbouring levels is R T ln(p1 / p2) of a temperature between theirs, within 2
  // K (moist air is a little lighter, means of products differ from products of means).
  const std::vector<int>& levels = hens_levels();
  for (size_t k = 1; k < levels.size(); ++k) {
    const auto at = [&](const char* what, size_t i) { return channel_climate(what + std::to_string(levels[i])).mean; };
    const double thickness = at("z", k - 1) - at("z", k);
    const double temperature = thickness / (287.05 * std::log(static_cast<double>(levels[k]) / levels[k - 1]));
    EXPECT_GT(temperature, std::min(at("t", k - 1), at("t", k)) - 2) << levels[k];
    EXPECT_LT(temperature, std::max(at("t", k - 1), at("t", k)) + 3) << levels[k];
  }
}

}  // namespace
}  // namespace hens::test
