// Facts about breeding, and the peer's own bred vectors of a toy model.
#include "perturbation/bred_vector.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "golden.h"
#include "toy_engine.h"

namespace hens {
namespace {

using test::golden;
using test::tensors_equal;
using test::tensors_near;
using test::ToyEngine;

constexpr Time start{std::chrono::sys_days{std::chrono::January / 1 / 2024}};
const std::vector<std::string> toy_channels{"z500", "q850", "t2m"};

ToyEngine toy() { return {toy_channels, 73, 144}; }

std::vector<at::Tensor> toy_analyses() {
  const at::Tensor all = golden("noise/bred_analysis_f32.npy");
  return {all[0], all[1], all[2], all[3]};
}

// Members + and - of the pair whose seed is 39.27 x noise of `normals` [l, m, 2] in z500, as [2, channel, lat, lon].
at::Tensor toy_pair(const at::Tensor& normals) {
  ToyEngine engine = toy();
  const BreedingControl control = make_breeding_control(engine, toy_analyses(), start);
  at::Tensor seed = at::zeros({3, 73, 144}, at::kFloat);
  seed[0].copy_(39.27 * CorrelatedSphericalGaussian({}, 73, 144, at::kCPU).unit_field(normals));
  const at::Tensor dx = breed(engine, control, seed, at::tensor({39.27f, 2e-4f, 0.5f}), start);
  const at::Tensor& analysis = control.analyses.back();
  return at::stack({perturbed_member(analysis, dx, 1, toy_channels), perturbed_member(analysis, dx, -1, toy_channels)});
}

// Tolerances of the golden arrays: float32 values near 57000 whose differences are rescaled.
void expect_toy_members(const at::Tensor& members, const at::Tensor& expected) {
  const double tolerance[] = {5e-2, 2e-7, 1e-3};
  for (int c = 0; c < 3; ++c) {
    EXPECT_TRUE(tensors_near(members.select(1, c), expected.select(1, c), tolerance[c])) << toy_channels[c];
  }
}

TEST(Breed, MakesThePeersPair) {
  HENS_REQUIRE_DATA("golden/noise");
  expect_toy_members(toy_pair(golden("noise/bred_batch1_draws_z500_f32.npy")[0]),
                     golden("noise/bred_batch1_members_f32.npy"));
}

// The peer's second pair of a batch continues an AR(1) chain of the first one's noise; fed that, breeding agrees too.
TEST(Breed, MakesThePeersBatchFedItsCorrelatedNoise) {
  HENS_REQUIRE_DATA("golden/noise/bred_batch4_members_f32.npy");
  const at::Tensor draws = golden("noise/bred_batch4_draws_z500_f32.npy");
  const at::Tensor expected = golden("noise/bred_batch4_members_f32.npy");  // +0 -0 +1 -1
  const double phi = std::exp(-6.0 / 48.0);
  const at::Tensor first = draws[0].to(at::kDouble);
  expect_toy_members(toy_pair(first), expected.narrow(0, 0, 2));
  expect_toy_members(toy_pair(phi * first + std::sqrt(1.0 - phi * phi) * draws[1].to(at::kDouble)),
                     expected.narrow(0, 2, 2));
}

TEST(Breed, StepsThePerturbedStateAtTheControlsTimes) {
  ToyEngine engine = toy();
  const std::vector<at::Tensor> analyses(4, at::ones({3, 73, 144}, at::kFloat));
  const BreedingControl control = make_breeding_control(engine, analyses, start);
  const std::vector<Time> times{start - 3 * model_step, start - 2 * model_step, start - model_step};
  EXPECT_EQ(engine.steps, times);
  engine.steps.clear();
  breed(engine, control, at::ones({3, 73, 144}, at::kFloat), at::ones({3}, at::kFloat), start);
  EXPECT_EQ(engine.steps, times);
}

TEST(Breed, RescalesEachCycleToTheAmplitude) {
  ToyEngine engine = toy();
  const std::vector<at::Tensor> analyses(3, at::zeros({3, 73, 144}, at::kFloat));
  const BreedingControl control = make_breeding_control(engine, analyses, start);
  at::manual_seed(5);
  const at::Tensor seed = at::randn({3, 73, 144});
  const at::Tensor amplitude = at::tensor({4.0f, 0.5f, 2.0f});
  int cycles = 0;
  const auto probe = [&](int cycle, const at::Tensor& raw, const at::Tensor& norm, const at::Tensor& dx) {
    EXPECT_EQ(cycle, cycles++);
    EXPECT_TRUE(tensors_equal(norm, hemispheric_norm(raw)));
    // Every cap has norm A; between the caps the divisor follows a ramp, so only the caps are exact.
    const at::Tensor size = hemispheric_norm(dx);
    for (const int64_t row : {0, 27, 45, 72}) EXPECT_TRUE(tensors_near(size.select(1, row), amplitude, 1e-5)) << row;
  };
  breed(engine, control, seed, amplitude, start, probe);
  EXPECT_EQ(cycles, 2);
}

TEST(Breed, LeavesZeroZero) {
  ToyEngine engine = toy();
  const std::vector<at::Tensor> analyses(4, at::rand({3, 73, 144}));
  const BreedingControl control = make_breeding_control(engine, analyses, start);
  const at::Tensor none = at::zeros({3, 73, 144}, at::kFloat);
  EXPECT_TRUE(tensors_equal(breed(engine, control, none, at::ones({3}), start), none)) << "no seed, no vector";
}

TEST(HemisphericNorm, IsThePeers) {
  HENS_REQUIRE_DATA("golden/noise");
  for (const std::string rows : {"72", "73"}) {
    const at::Tensor norm = hemispheric_norm(golden("noise/hemispheric_norm_" + rows + "_input_f32.npy"));
    const at::Tensor expected = golden("noise/hemispheric_norm_" + rows + "_output_f32.npy");
    // The peer sums in float32: a few ulp of the largest value.
    EXPECT_TRUE(tensors_near(norm, expected, 4e-7 * expected.max().item<double>())) << rows << " rows";
    EXPECT_TRUE(tensors_equal(norm.select(1, 2), at::zeros_like(norm.select(1, 2)))) << "zeros stay zero";
  }
}

// For a field of one the north and south value is sqrt(mean of the weights over the 28 rows), not 1.
TEST(HemisphericNorm, WeighsTheCapsAgainstAllRows) {
  const double pi = std::acos(-1.0);
  double all = 0.0, cap = 0.0;
  for (int k = 0; k < 73; ++k) (k < 28 ? cap : all) += std::sin(pi * k / 72);
  all += cap;
  const double expected = std::sqrt((cap / 28) / (all / 73));
  EXPECT_TRUE(
      tensors_near(hemispheric_norm(at::ones({73, 8}, at::kDouble)), at::full({73}, expected, at::kDouble), 1e-15));
}

TEST(HemisphericNorm, RunsLinearlyBetweenTheCaps) {
  at::Tensor field = at::zeros({73, 8}, at::kDouble);
  field.narrow(0, 0, 28).fill_(3.0);
  field.narrow(0, 45, 28).fill_(1.0);
  const at::Tensor norm = hemispheric_norm(field);
  EXPECT_TRUE(tensors_near(norm.narrow(0, 0, 29), norm[0].expand({29}), 1e-15)) << "28 rows and the ramp's first";
  EXPECT_TRUE(tensors_near(norm.narrow(0, 44, 29), norm[72].expand({29}), 1e-15)) << "the ramp's last and 28 rows";
  EXPECT_NEAR(norm[36].item<double>(), 0.5 * (norm[0] + norm[72]).item<double>(), 1e-15);
  EXPECT_NEAR(norm[0].item<double>() / norm[72].item<double>(), 3.0, 1e-14);
}

// Where the sum of squares leaves float32's range, as for humidity differences of 1e-24.
TEST(HemisphericNorm, DoesNotUnderflow) {
  const at::Tensor field = at::full({73, 144}, 1e-24f);
  EXPECT_TRUE(tensors_near(hemispheric_norm(field) * 1e24, hemispheric_norm(at::ones({73, 144})), 1e-6));
}

// The peer's order of float32 operations is A * (raw / norm): its own arrays to the last bit.
TEST(Rescaling, HasThePeersRoundings) {
  HENS_REQUIRE_DATA("golden/model/bred_vector");
  const std::string folder = "model/bred_vector/z500_";
  const at::Tensor amplitude = golden(folder + "amplitude.npy").max();
  const at::Tensor raw = golden(folder + "cycle_raw.npy"), norm = golden(folder + "cycle_norm.npy");
  EXPECT_TRUE(tensors_equal(amplitude * (raw / norm.unsqueeze(-1)), golden(folder + "cycle_perturbation.npy")));
}

TEST(PerturbedMember, CentresThePairOnTheAnalysis) {
  const at::Tensor analysis = at::full({3, 4, 8}, 2.0f), dx = at::rand({3, 4, 8});
  const at::Tensor plus = perturbed_member(analysis, dx, 1, toy_channels);
  const at::Tensor minus = perturbed_member(analysis, dx, -1, toy_channels);
  EXPECT_TRUE(tensors_near(plus + minus, 2 * analysis, 5e-7));  // one rounding each
  EXPECT_TRUE(tensors_near(plus - minus, 2 * dx, 5e-7));
}

TEST(PerturbedMember, ClipsHumidityAndNothingElse) {
  const at::Tensor analysis = at::zeros({3, 4, 8}, at::kFloat), dx = at::ones({3, 4, 8}, at::kFloat);
  const at::Tensor minus = perturbed_member(analysis, dx, -1, toy_channels);
  EXPECT_TRUE(tensors_equal(minus[0], -dx[0])) << "z500";
  EXPECT_TRUE(tensors_equal(minus[1], analysis[1])) << "q850";
  EXPECT_TRUE(tensors_equal(minus[2], -dx[2])) << "t2m";
  EXPECT_TRUE(tensors_equal(analysis, at::zeros({3, 4, 8}, at::kFloat))) << "the analysis itself is left alone";
}

TEST(ResolveAmplitudes, KnowsNamesAllAndStandardDeviations) {
  const at::Tensor std = at::tensor({100.0f, 0.5f, 8.0f});
  using Expected = std::vector<float>;
  EXPECT_EQ(resolve_amplitudes({}, toy_channels, std), (Expected{0, 0, 0}));
  EXPECT_EQ(resolve_amplitudes({{"z500", {39.27}}}, toy_channels, std), (Expected{39.27f, 0, 0}));
  EXPECT_EQ(resolve_amplitudes({{"all", {0.5, true}}}, toy_channels, std), (Expected{50, 0.25, 4}));
  EXPECT_EQ(resolve_amplitudes({{"all", {0.5, true}}, {"t2m", {0.0}}, {"z500", {7.0}}}, toy_channels, std),
            (Expected{7, 0.25, 0}));
}

TEST(ResolveAmplitudes, NamesAChannelThatTheModelLacks) {
  try {
    resolve_amplitudes({{"z501", {1.0}}}, toy_channels, at::ones({3}));
    FAIL() << "z501 was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    EXPECT_NE(std::string(error.what()).find("z501"), std::string::npos);
  }
}

}  // namespace
}  // namespace hens
