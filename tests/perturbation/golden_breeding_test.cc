// The peer's bred vectors of a real network: every cycle's arrays and the final pair, fed the peer's own normals.
#include <memory>

#include <gtest/gtest.h>

#include "golden.h"
#include "grid/channels.h"
#include "package/package.h"
#include "perturbation/bred_vector.h"
#include "sfno/reference_engine.h"

namespace hens {
namespace {

using test::golden;
using test::tensors_equal;
using test::tensors_near;

constexpr Time start{std::chrono::sys_days{std::chrono::September / 12 / 2015} + std::chrono::hours(18)};

class GoldenBreeding : public ::testing::TestWithParam<std::pair<std::string, std::vector<std::string>>> {
 protected:
  void SetUp() override {
    HENS_REQUIRE_DATA("golden/model/bred_vector/" + GetParam().first + "_cycle_raw.npy");
    engine_ = make_reference_engine(open_package(test::data_root() / "golden/model/mini_seed102"), at::kCPU);
    std_ = engine_->channel_std().flatten().to(at::kDouble);
    const std::vector<int> stored = channel_positions(GetParam().second, engine_->channel_names());
    stored_ = at::tensor(std::vector<int64_t>(stored.begin(), stored.end()));
    // Analyses of earlier times are the initial state moved west.
    const at::Tensor state = golden("model/forecast/initial_2015091218.npy");
    for (const int columns : {12, 8, 4, 0}) analyses_.push_back(state.roll(-columns, 2));
    amplitude_ = golden("model/bred_vector/" + GetParam().first + "_amplitude.npy");
  }

  at::Tensor recorded(const std::string& name) const {
    return golden("model/bred_vector/" + GetParam().first + "_" + name + ".npy");
  }

  at::Tensor seed() const {
    const at::Tensor unit = CorrelatedSphericalGaussian({}, 73, 144, at::kCPU).unit_field(draws());
    return (amplitude_.view({-1, 1, 1}).to(at::kDouble) * unit).to(at::kFloat);
  }

  // [channel, l, m, 2]. Without HENS_TEST_DATA those of z500 alone are there, the only ones with an amplitude then.
  static at::Tensor draws() {
    if (std::filesystem::exists(test::data_root() / "golden/model/bred_vector/draws.npy")) {
      return golden("model/bred_vector/draws.npy");
    }
    const at::Tensor z500 = golden("model/bred_vector/draws_some.npy");
    at::Tensor all = at::zeros({74, 72, 73, 2}, z500.options());
    all[42].copy_(z500[0]);
    return all;
  }

  // The stored channels of `actual` [channel, ...] against `expected` in standard deviations. An independent code in
  // float32 differs by at most 1.0e-5 of them.
  ::testing::AssertionResult agrees(const at::Tensor& actual, const at::Tensor& expected) const {
    std::vector<int64_t> shape(actual.dim(), 1);
    shape[0] = -1;
    const at::Tensor sigma = std_.index_select(0, stored_).view(shape);
    return tensors_near(actual.index_select(0, stored_) / sigma, expected / sigma, 5e-5);
  }

  std::unique_ptr<Engine> engine_;
  at::Tensor std_, stored_, amplitude_;
  std::vector<at::Tensor> analyses_;
};

// Both are differences of float32 states: equal to one ulp of the channel's largest value.
TEST_P(GoldenBreeding, SeedsAsThePeer) {
  const at::Tensor state = analyses_.front();
  const at::Tensor perturbation = ((state + seed()) - state).index_select(0, stored_);
  const at::Tensor ulp = 1.2e-7 * state.index_select(0, stored_).abs().amax({1, 2}).view({-1, 1, 1});
  EXPECT_TRUE(tensors_near(perturbation / ulp, recorded("seed_perturbation") / ulp, 1.0));
}

TEST_P(GoldenBreeding, BreedsAsThePeer) {
  const at::Tensor raws = recorded("cycle_raw"), norms = recorded("cycle_norm");
  const at::Tensor perturbations = recorded("cycle_perturbation");
  const auto probe = [&](int cycle, const at::Tensor& raw, const at::Tensor& norm, const at::Tensor& perturbation) {
    EXPECT_TRUE(agrees(raw, raws[cycle])) << "cycle " << cycle;
    EXPECT_TRUE(agrees(norm, norms[cycle])) << "cycle " << cycle;
    EXPECT_TRUE(agrees(perturbation, perturbations[cycle])) << "cycle " << cycle;
  };
  const BreedingControl control = make_breeding_control(*engine_, analyses_, start);
  const at::Tensor dx = breed(*engine_, control, seed(), amplitude_, start, probe);
  const auto member = [&](int sign) { return perturbed_member(analyses_.back(), dx, sign, engine_->channel_names()); };
  EXPECT_TRUE(agrees(member(1), recorded("member_plus")));
  EXPECT_TRUE(agrees(member(-1), recorded("member_minus")));

  const at::Tensor silent = (amplitude_ == 0).nonzero().flatten();
  EXPECT_TRUE(tensors_equal(member(1).index_select(0, silent), analyses_.back().index_select(0, silent)));
}

INSTANTIATE_TEST_SUITE_P(, GoldenBreeding,
                         ::testing::Values(std::pair("z500", std::vector<std::string>{"z500"}),
                                           std::pair("all", std::vector<std::string>{"u10m", "tcwv", "u500", "z500",
                                                                                     "t850", "q50", "q700"})),
                         [](const auto& info) { return info.param.first; });

// The recipe's amplitude, 0.35 standard deviations of every channel, to a float32 rounding.
TEST(GoldenAmplitude, IsAMultipleOfThePackagesDeviations) {
  HENS_REQUIRE_DATA("golden/model/bred_vector");
  const ModelPackage package = open_package(test::data_root() / "golden/model/mini_seed102");
  const auto amplitude = resolve_amplitudes({{"all", {0.35, true}}}, package.config.channels, at::tensor(package.std));
  const at::Tensor expected = golden("model/bred_vector/all_amplitude.npy");
  EXPECT_TRUE(tensors_near(at::tensor(amplitude) / expected, at::ones({74}), 1.2e-7));
}

}  // namespace
}  // namespace hens
