// The fast engine beside the reference, on the golden packages: on the GPU's kernels where there is a GPU, and
// everywhere as plain loops with the GPU's roundings (fp16 operands, fp32 sums), so that layouts, folds, tables and
// epilogues are tested without one.
#include "engine/sfno/fast_engine.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/sfno/operator_errors.h"
#include "job/member_key.h"
#include "sfno/reference_engine.h"
#include "sfno/tensors.h"
#include "support/devices.h"
#include "synth/synth.h"

namespace hens {
namespace {

using engine::Kernels;
using test::golden_package;
using test::golden_tensor;

const Time initial_time = parse_time("2015-09-12T18");

at::Tensor initial_state() { return golden_tensor("forecast/initial_2015091218").unsqueeze(0); }

// Normalised by the package's statistics, on the CPU.
at::Tensor normalised(const at::Tensor& state, const ModelPackage& package) {
  const at::Tensor mean = at::tensor(package.mean).view({-1, 1, 1}), std = at::tensor(package.std).view({-1, 1, 1});
  return (state.cpu() - mean) / std;
}

// NaN where anything is not finite.
double relative_l2(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual - expected).norm() / expected.norm()).item<double>();
}

struct Setup {
  Kernels kernels;
  at::Device device;
};

class FastEngineTest : public testing::TestWithParam<Kernels> {
 protected:
  void SetUp() override {
    if (GetParam() == Kernels::host) return;
    if (!test::has_gpu()) GTEST_SKIP() << "needs a GPU";
    device_ = at::Device(at::kCUDA, 0);
    try {
      engine::Backend(GetParam(), 0);
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
  std::unique_ptr<FastEngine> make(const ModelPackage& package, FastOptions options = {}) const {
    options.kernels = GetParam();
    return make_fast_engine(package, device_, options);
  }
  at::Tensor run(const ModelPackage& package, const at::Tensor& state, int steps) const {
    const auto engine = make(package);
    engine->start(state, initial_time);
    for (int step = 0; step < steps; ++step) engine->step();
    return engine->state().cpu();
  }
  ModelPackage synthetic(const SynthSize& size) const {
    write_synthetic_package(folder_ / "package", size, 7);
    return open_package(folder_ / "package");
  }
  // Of one step from noise beside the reference, relative to what the step changes: synthetic networks change little,
  // so that this is 1.2e-3 to 1.5e-3 with the loops. Tests allow twice that.
  double error_of_change(const ModelPackage& package) const {
    const at::Tensor state = noise(package), z = normalised(state[0], package);
    const auto reference = make_reference_engine(package, at::kCPU);
    reference->start(state, initial_time);
    reference->step();
    const at::Tensor expected = normalised(reference->state()[0], package) - z;
    return relative_l2(normalised(run(package, state, 1)[0], package) - z, expected);
  }
  // A state of one member, white noise of the channels' own size.
  static at::Tensor noise(const ModelPackage& package) {
    const auto channels = static_cast<int64_t>(package.config.channels.size());
    at::Tensor z = at::empty({1, channels, package.config.nlat, package.config.nlon});
    fill_normals({.seed = 1}, 0, {z.mutable_data_ptr<float>(), static_cast<size_t>(z.numel())});
    return z * at::tensor(package.std).view({-1, 1, 1}) + at::tensor(package.mean).view({-1, 1, 1});
  }
  at::Device device_ = at::kCPU;
  test::TemporaryFolder folder_;
};

// fp16 operands have the mantissa of TF32, in which the networks were trained: 3e-4 a step is what TF32 costs on the
// reference script's own packages, where bfloat16 autocast costs 3e-3.
TEST_P(FastEngineTest, OneStepIsAsAccurateAsTf32) {
  HENS_REQUIRE_DATA("golden/model/mini_seed103");
  for (const std::string name : {"mini_seed102", "mini_seed103"}) {
    const ModelPackage package = golden_package(name);
    const at::Tensor actual = normalised(run(package, initial_state(), 1)[0], package);
    const at::Tensor expected = normalised(golden_tensor("forecast/" + name + "_step_0001"), package);
    const double error = relative_l2(actual, expected);
    EXPECT_TRUE(error < 3e-4) << name << ": " << error;
    RecordProperty(name, std::to_string(error));
  }
}

TEST_P(FastEngineTest, FourStepsStayAsClose) {
  HENS_REQUIRE_DATA("golden/model/forecast/mini_seed102_step_0004.npy");
  const ModelPackage package = golden_package("mini_seed102");
  const at::Tensor actual = normalised(run(package, initial_state(), 4)[0], package);
  const at::Tensor expected = normalised(golden_tensor("forecast/mini_seed102_step_0004"), package);
  const double error = relative_l2(actual, expected);
  EXPECT_TRUE(error < 6e-4) << error;
}

// The GPU's kernels differ from the loops by the order of sums, which now and then tips a rounding to fp16, and by the
// GELU, which has its roundings there.
TEST_P(FastEngineTest, ComputesWhatTheLoopsCompute) {
  HENS_REQUIRE_DATA("golden/model");
  const ModelPackage package = golden_package("mini_seed102");
  FastOptions options;
  options.kernels = Kernels::host;
  const auto loops = make_fast_engine(package, at::kCPU, options);
  loops->start(initial_state(), initial_time);
  loops->step();
  const double error =
      relative_l2(normalised(run(package, initial_state(), 1)[0], package), normalised(loops->state()[0], package));
  EXPECT_TRUE(error < 2e-4) << error;
}

// Widths that are no multiple of any tile, several tiles in every direction, more tiles than a GPU has multiprocessors.
// The golden packages fit one tile; tiles once wrote zeros into their neighbours' first columns, and only large
// networks showed it.
TEST_P(FastEngineTest, TilesOfALargerNetworkMeet) {
  const bool host = GetParam() == Kernels::host;
  const double error = error_of_change(synthetic(host ? SynthSize{37, 72, 140, 2, 1} : SynthSize{139, 276, 236, 3, 1}));
  EXPECT_TRUE(error < 3e-3) << error;
}

// The first block's residual is made on the inner grid, and an equiangular one does not keep its spectrum: the engine,
// which stays with the spectrum from block to block, must go there and back.
TEST_P(FastEngineTest, AnEquiangularInnerGridChangesTheFirstResidual) {
  ModelPackage package = synthetic({37, 72, 48, 3, 2});
  package.config.sht_grid = GridKind::equiangular;
  const double error = error_of_change(package);
  EXPECT_TRUE(error < 3e-3) << error;
}

// Nor does a grid whose Nyquist order is among the spectrum's: it keeps the cosine alone. Here the inner grid has 72
// longitudes and the spectrum the orders up to 36.
TEST_P(FastEngineTest, AnInnerGridThatEndsAtItsNyquistOrderChangesTheFirstResidual) {
  const ModelPackage package = synthetic({80, 144, 24, 3, 2});
  ASSERT_EQ(std::min(package.config.lmax, package.config.mmax), 37);
  ASSERT_EQ(package.config.inner_nlon, 72);
  const double error = error_of_change(package);
  EXPECT_TRUE(error < 3e-3) << error;
}

TEST_P(FastEngineTest, FewerOrdersThanDegrees) {
  ModelPackage package = synthetic({37, 72, 48, 3, 2});
  package.config.mmax = 10;
  const double error = error_of_change(package);
  EXPECT_TRUE(error < 3e-3) << error;
}

// Odd, so that a pair has one channel of padding, and more than one tile of the state's.
TEST_P(FastEngineTest, OtherNumbersOfChannels) {
  for (const int channels : {73, 130}) {
    const double error = error_of_change(synthetic({37, 72, 48, 3, 2, channels}));
    EXPECT_TRUE(error < 3e-3) << channels << ": " << error;
  }
}

TEST_P(FastEngineTest, WithoutASunAndWithoutABigSkip) {
  SynthSize size{37, 72, 48, 3, 2};
  size.sun = false;
  ModelPackage package = synthetic(size);
  EXPECT_TRUE(error_of_change(package) < 3e-3);
  package.config.big_skip = false;  // the state is made anew: 8.5e-5 with the loops
  EXPECT_TRUE(error_of_change(package) < 1.7e-4);
}

// With 73 channels the padding of a member that had left the finite numbers poisoned all that came after it in its
// place.
TEST_P(FastEngineTest, ADeadMemberLeavesNothingToTheNext) {
  for (const int channels : {73, 74}) {
    const ModelPackage package = synthetic({37, 72, 48, 3, 2, channels});
    const at::Tensor state = noise(package), expected = run(package, state, 1);
    const auto engine = make(package);
    engine->start(at::full_like(state, NAN), initial_time);
    engine->step();
    engine->start(state, initial_time);
    engine->step();
    EXPECT_TRUE(at::equal(engine->state().cpu(), expected)) << channels;
  }
}

// What was asked for is of its moment, whatever has been done since and whoever still holds earlier fields.
TEST_P(FastEngineTest, FetchedFieldsAreOfTheirMoment) {
  const ModelPackage package = synthetic({37, 72, 48, 3, 2});
  const auto engine = make(package);
  engine->start(at::cat({noise(package), noise(package).roll(5, 3)}), initial_time);
  std::vector<at::Tensor> expected, fetched;
  for (int step = 0; step < 4; ++step) {
    expected.push_back(engine->channels({0, 5}).cpu());
    const auto fetch = engine->fetch({0, 5});
    engine->step();
    fetched.push_back(fetch());
  }
  for (size_t step = 0; step < 4; ++step) EXPECT_TRUE(at::equal(fetched[step], expected[step])) << step;
  EXPECT_FALSE(at::equal(expected[0], expected[1]));
}

TEST_P(FastEngineTest, AStepThatIsWatchedIsTheSame) {
  const ModelPackage package = synthetic({37, 72, 48, 3, 2});
  const at::Tensor state = noise(package);
  const auto engine = make(package);
  engine->start(state, initial_time);
  std::set<std::string> phases;
  engine->step_observed([&](const char* phase) { phases.insert(phase); });
  EXPECT_TRUE(at::equal(engine->state().cpu(), run(package, state, 1)));
  std::set<std::string> counted{"norm"};  // too small to be counted
  for (const auto& [phase, work] : engine->work()) {
    EXPECT_GT(work.flop, 0) << phase;
    EXPECT_GT(work.bytes, 0) << phase;
    counted.insert(phase);
  }
  EXPECT_EQ(phases, counted);
}

// Then residuals are fields as they are, which the engine does not have; it once took what their spectra keep.
TEST_P(FastEngineTest, RefusesAnInnerGridThatIsTheOuterOne) {
  ModelPackage package = synthetic({37, 72, 48, 3, 1});
  package.config.sht_grid = package.config.model_grid;
  try {
    make(package);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    EXPECT_THAT(error.what(), testing::HasSubstr("set forecast.engine to reference"));
  }
}

// Each operator alone. Rounding normally distributed numbers to fp16 costs 2.03e-4 of them in the root mean square, and
// roundings add up as squares: the transforms have five (field, two tables, what goes between, result), the convolution
// three, the MLP seven, but those of the hidden layer weigh less.
TEST_P(FastEngineTest, OperatorsAreAsExactAsTheirRoundings) {
  HENS_REQUIRE_DATA("golden/model");
  const ModelPackage package = golden_package("mini_seed102");
  const engine::Backend backend(GetParam(), 0);
  engine::Sizes large = engine::sizes_of(package.config);
  large.embed = 140, large.hidden = 280;
  const double rounding = 2.03e-4;
  for (const engine::Sizes& sizes : {engine::sizes_of(package.config), large}) {
    const engine::OperatorErrors errors = engine::operator_errors(backend, sizes);
    EXPECT_NEAR(errors.analysis, rounding * std::sqrt(5), 0.1 * rounding);
    EXPECT_NEAR(errors.synthesis, rounding * std::sqrt(5), 0.1 * rounding);
    EXPECT_NEAR(errors.convolution, rounding * std::sqrt(3), 0.1 * rounding);
    EXPECT_TRUE(errors.mlp > rounding && errors.mlp < rounding * std::sqrt(7)) << errors.mlp;
  }
}

TEST_P(FastEngineTest, AMemberHasTheSameBytesInAnyBatchAndRun) {
  HENS_REQUIRE_DATA("golden/model");
  const ModelPackage package = golden_package("mini_seed102");
  const at::Tensor a = initial_state(), b = a.roll(8, 3);
  const at::Tensor both = run(package, at::cat({b, a}), 2), alone = run(package, a, 2);
  EXPECT_TRUE(at::equal(both[1], alone[0]));
  EXPECT_FALSE(at::equal(both[0], both[1]));
  EXPECT_TRUE(at::equal(run(package, a, 2), alone)) << "another engine of the same weights";
}

TEST_P(FastEngineTest, AStateComesBackAndStaysAsItIs) {
  HENS_REQUIRE_DATA("golden/model");
  const ModelPackage package = golden_package("mini_seed102");
  const auto engine = make(package);
  const at::Tensor a = initial_state();
  engine->start(a, initial_time);
  // Normalised and back: two roundings.
  EXPECT_TRUE(relative_l2(normalised(engine->state()[0], package), normalised(a[0], package)) < 1e-6);
  engine->step();
  EXPECT_EQ(engine->valid_time(), initial_time + model_step);
  const at::Tensor state = engine->state().cpu(), wind = engine->channels({1, 0}).cpu();
  EXPECT_TRUE(at::equal(wind[0][0], state[0][1]));
  EXPECT_TRUE(at::equal(wind[0][1], state[0][0]));
  engine->start(a, initial_time);
  engine->step();
  EXPECT_TRUE(at::equal(engine->state().cpu(), state)) << "an engine keeps nothing of the roll-out before";
}

TEST_P(FastEngineTest, StaysBoundedForFourHundredSteps) {
  HENS_REQUIRE_DATA("golden/model/mini_seed103");
  if (GetParam() == Kernels::host) GTEST_SKIP() << "the loops take minutes";
  const ModelPackage package = golden_package("mini_seed103");
  const at::Tensor z = normalised(run(package, initial_state(), 400)[0], package);
  const double rms = z.square().mean().sqrt().item<double>();
  EXPECT_TRUE(rms > 0.5 && rms < 2) << rms;
  EXPECT_LT(at::abs(z).max().item<double>(), 20);
}

std::vector<Kernels> all_kernels() {
  std::vector<Kernels> all;
  for (size_t i = 0; i < engine::kernel_sets.size(); ++i) all.push_back(static_cast<Kernels>(i));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Kernels, FastEngineTest, testing::ValuesIn(all_kernels()), [](const auto& info) {
  std::string name = engine::kernel_set(info.param).name;
  name[0] = static_cast<char>(std::toupper(name[0]));
  return name;
});

}  // namespace
}  // namespace hens
