// Where the network's grids meet.
#include "sfno/network.h"

#include <gtest/gtest.h>

#include "sfno/tensors.h"
#include "synth/synth.h"

namespace hens {
namespace {

constexpr int nlat = 13, nlon = 24, embed = 4;

// A network whose first block gives just its residual: the skip is the identity, the branch beside it ends in zeros.
class Residual : public testing::Test {
 protected:
  void SetUp() override {
    write_synthetic_package(folder_ / "package",
                            {.nlat = nlat, .nlon = nlon, .embed_dim = embed, .num_layers = 2, .scale_factor = 1}, 1);
    package_ = open_package(folder_ / "package");
    replace("blocks.0.outer_skip.weight", identity_);
    replace("blocks.0.norm1.weight", zeros_);
    replace("blocks.0.norm1.bias", zeros_);
  }
  void replace(const std::string& name, const at::Tensor& values) {
    TensorView& view = package_.weights.at(name);
    ASSERT_EQ(view.elements(), values.numel());
    view.data = reinterpret_cast<const std::byte*>(values.data_ptr());
  }
  // The largest change that the first block makes.
  double change() {
    at::manual_seed(1);
    const at::Tensor input = at::randn({nlat, nlon, package_.config.input_channels()});
    std::map<std::string, at::Tensor> seen;
    Network(package_, at::kCPU)(input, [&](const std::string& name, const at::Tensor& t) { seen[name] = t.clone(); });
    return at::abs(seen.at("block0") - seen.at("encoder")).max().item<double>();
  }

  test::TemporaryFolder folder_;
  at::Tensor identity_ = at::eye(embed), zeros_ = at::zeros({embed});
  ModelPackage package_;
};

TEST_F(Residual, IsTheFieldItselfBetweenEqualGrids) {
  package_.config.sht_grid = package_.config.model_grid;
  EXPECT_EQ(change(), 0.0);
}

// Noise does not survive the way to another grid: what is above the truncation is gone.
TEST_F(Residual, IsResampledBetweenGridsOfAnotherKind) {
  ASSERT_NE(package_.config.sht_grid, package_.config.model_grid);
  EXPECT_GT(change(), 0.01);
}

}  // namespace
}  // namespace hens
