// Facts about the members that a perturber makes.
#include "perturbation/perturber.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "golden.h"
#include "toy_engine.h"

namespace hens {
namespace {

using test::tensors_equal;
using test::tensors_near;
using test::ToyEngine;

constexpr Time start{std::chrono::sys_days{std::chrono::January / 1 / 2024}};
const std::vector<std::string> channels{"z500", "t2m", "q850"};

PerturbationSpec spec_of(PerturbationMethod method) {
  PerturbationSpec spec;
  spec.method = method;
  return spec;
}

const PerturbationSpec bred = [] {
  PerturbationSpec spec = spec_of(PerturbationMethod::hemispheric_centred_bred_vector);
  spec.amplitude = {{"z500", {39.27}}, {"q850", {2e-4}}};
  return spec;
}();

std::vector<at::Tensor> analyses_of(const PerturbationSpec& spec, Time time) {
  std::vector<at::Tensor> analyses;
  for (const Time at : analysis_times(spec, time)) {
    at::manual_seed(static_cast<uint64_t>(at.time_since_epoch().count()));
    const at::Tensor noise = at::randn({3, 37, 72});
    analyses.push_back(at::tensor({50000.0f, 280.0f, 5e-4f}).view({3, 1, 1}) +
                       at::tensor({300.0f, 5.0f, 3e-4f}).view({3, 1, 1}) * noise);
  }
  return analyses;
}

// Member `member` by a perturber of its own.
at::Tensor alone(const PerturbationSpec& spec, int member, uint64_t seed = 1, Time time = start, int model = 0) {
  ToyEngine engine(channels, 37, 72);
  Perturber perturber(spec, engine, {.seed = seed});
  perturber.prepare(engine, analyses_of(spec, time), time, model);
  return perturber.member(engine, member).clone();
}

double correlation(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.to(at::kDouble).flatten(), y = b.to(at::kDouble).flatten();
  return (x.dot(y) / (x.norm() * y.norm())).item<double>();
}

TEST(AnalysisTimes, GoBackAsFarAsBreedingDoes) {
  EXPECT_EQ(analysis_times(bred, start),
            (std::vector<Time>{start - 3 * model_step, start - 2 * model_step, start - model_step, start}));
  EXPECT_EQ(analysis_times(spec_of(PerturbationMethod::none), start), std::vector<Time>{start});
  EXPECT_EQ(analysis_times(spec_of(PerturbationMethod::correlated_spherical_gaussian), start),
            std::vector<Time>{start});
}

TEST(Perturber, AControlIsTheAnalysisAndMovesTheOthersByOne) {
  for (const PerturbationSpec& spec : {bred, spec_of(PerturbationMethod::correlated_spherical_gaussian)}) {
    ToyEngine engine(channels, 37, 72);
    Perturber perturber(spec, engine, {.seed = 1, .control = true});
    perturber.prepare(engine, analyses_of(spec, start), start, 0);
    for (const int member : {0, 1, 2, 3}) perturber.expect(member);
    EXPECT_TRUE(tensors_equal(perturber.member(engine, 0), analyses_of(spec, start).back()));
    for (const int member : {1, 2, 3}) {
      EXPECT_TRUE(tensors_equal(perturber.member(engine, member), alone(spec, member - 1))) << member;
    }
  }
}

TEST(Perturber, NoneMakesEveryMemberTheAnalysis) {
  const PerturbationSpec none = spec_of(PerturbationMethod::none);
  EXPECT_TRUE(tensors_equal(alone(none, 0), analyses_of(none, start)[0]));
  EXPECT_TRUE(tensors_equal(alone(none, 5), analyses_of(none, start)[0]));
}

TEST(Perturber, NoneNeedsNoGridOfTheNoise) {
  ToyEngine engine(channels, 37, 60);
  EXPECT_NO_THROW(Perturber(spec_of(PerturbationMethod::none), engine, {}));
  EXPECT_THROW(Perturber(bred, engine, {}), Error);
}

TEST(Perturber, GaussianAddsTheKeysNoiseToTheNamedChannels) {
  const PerturbationSpec spec = spec_of(PerturbationMethod::correlated_spherical_gaussian);
  const at::Tensor analysis = analyses_of(spec, start)[0];
  const at::Tensor member = alone(spec, 7, 42, start, 3);
  const int z500 = 0;
  const at::Tensor unit = CorrelatedSphericalGaussian(spec.noise, 37, 72, at::kCPU)
                              .unit_fields({42, start, 3, 7}, {&z500, 1})[0];  // the member itself stands for the pair
  EXPECT_TRUE(tensors_near(member[0] - analysis[0], 39.27 * unit, 4e-3)) << "one ulp of 50000";
  EXPECT_TRUE(tensors_equal(member[1], analysis[1]));
  EXPECT_TRUE(tensors_equal(member[2], analysis[2]));
}

TEST(Perturber, BreedingCentresEachPairOnTheAnalysisWhereNothingIsClipped) {
  const at::Tensor analysis = analyses_of(bred, start).back();
  const at::Tensor plus = alone(bred, 4), minus = alone(bred, 5);
  EXPECT_FALSE(tensors_near(plus[0], analysis[0], 1.0));
  EXPECT_TRUE(tensors_near(plus[0] + minus[0], 2 * analysis[0], 8e-3)) << "one ulp of 100000";
  EXPECT_TRUE(tensors_equal(plus[1], analysis[1])) << "no amplitude, no perturbation";
  EXPECT_TRUE(tensors_equal(minus[1], analysis[1]));
  const at::Tensor humidity = at::stack({plus[2], minus[2]});
  EXPECT_EQ(humidity.min().item<float>(), 0.0f) << "clipped";
  const at::Tensor unclipped = at::logical_and(plus[2] > 0, minus[2] > 0);
  EXPECT_TRUE(
      tensors_near((plus[2] + minus[2]).masked_select(unclipped), 2 * analysis[2].masked_select(unclipped), 1e-9));
}

TEST(Perturber, BreedingFallsBackOnTheNoisesAmplitude) {
  const PerturbationSpec spec = spec_of(PerturbationMethod::hemispheric_centred_bred_vector);
  const at::Tensor difference = alone(spec, 0) - analyses_of(spec, start).back();
  const double cap = hemispheric_norm(difference[0])[0].item<double>();
  EXPECT_NEAR(cap, 39.27, 2e-3) << "half an ulp of 50000 in each value";
  EXPECT_EQ(difference[1].abs().max().item<float>(), 0.0f);
}

TEST(Perturber, MemberHasTheSameBitsWhateverWasAskedBefore) {
  for (const PerturbationSpec& spec : {bred, spec_of(PerturbationMethod::correlated_spherical_gaussian)}) {
    ToyEngine engine(channels, 37, 72);
    Perturber perturber(spec, engine, {.seed = 1});
    perturber.prepare(engine, analyses_of(spec, start + model_step), start + model_step, 1);
    perturber.member(engine, 2);  // of another time and model, to be forgotten
    perturber.prepare(engine, analyses_of(spec, start), start, 0);
    for (const int member : {5, 2, 3, 0, 2, 4, 1}) {
      EXPECT_TRUE(tensors_equal(perturber.member(engine, member), alone(spec, member))) << "member " << member;
    }
  }
}

TEST(Perturber, BreedsThePairOnceAndTheControlOnce) {
  ToyEngine engine(channels, 37, 72);
  Perturber perturber(bred, engine, {.seed = 1});
  perturber.prepare(engine, analyses_of(bred, start), start, 0);
  EXPECT_EQ(engine.steps.size(), 3u) << "the control";
  perturber.member(engine, 6);
  EXPECT_EQ(engine.steps.size(), 6u);
  perturber.member(engine, 7);
  EXPECT_EQ(engine.steps.size(), 6u) << "the other half of the pair";
  perturber.member(engine, 8);
  EXPECT_EQ(engine.steps.size(), 9u);
}

// Fields of 37 x 72 with a correlation length of 500 km hold some hundreds of independent values; the correlation of
// unrelated ones stays well below 0.3, that of equal ones is 1.
TEST(Perturber, MakesUnrelatedNoiseForEveryPartOfTheKey) {
  const PerturbationSpec spec = spec_of(PerturbationMethod::correlated_spherical_gaussian);
  const auto noise = [&](int member, uint64_t seed, Time time, int model) {
    return alone(spec, member, seed, time, model)[0] - analyses_of(spec, time).back()[0];
  };
  const at::Tensor base = noise(0, 1, start, 0);
  EXPECT_NEAR(correlation(base, noise(0, 1, start, 0)), 1.0, 1e-12);
  EXPECT_LT(std::abs(correlation(base, noise(1, 1, start, 0))), 0.3) << "member";
  EXPECT_LT(std::abs(correlation(base, noise(0, 2, start, 0))), 0.3) << "seed";
  EXPECT_LT(std::abs(correlation(base, noise(0, 1, start + model_step, 0))), 0.3) << "time";
  EXPECT_LT(std::abs(correlation(base, noise(0, 1, start, 1))), 0.3) << "model";
}

TEST(Perturber, DrawsAnewForEachChannel) {
  PerturbationSpec spec = spec_of(PerturbationMethod::correlated_spherical_gaussian);
  spec.noise.amplitude = {{"all", {0.5, true}}};  // the toy's standard deviations are 1, 2, 3
  const at::Tensor difference = alone(spec, 0) - analyses_of(spec, start)[0];
  EXPECT_LT(std::abs(correlation(difference[1], difference[2])), 0.3);
  EXPECT_NEAR((difference[2].std() / difference[1].std()).item<double>(), 1.5, 0.3);
}

}  // namespace
}  // namespace hens
