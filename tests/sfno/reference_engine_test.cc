// The network against the Python stack's arrays, and what an engine promises. Tolerances: "use, max" of the golden
// README, measured there as float32 against float64 of the same network, with a margin.
#include "sfno/reference_engine.h"

#include <fstream>
#include <sstream>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "sfno/tensors.h"

namespace hens {
namespace {

using test::golden_package;
using test::golden_part;
using test::golden_tensor;
using test::GoldenPart;
using test::tensors_near;

const Time initial_time = parse_time("2015-09-12T18");

at::Tensor initial_state() { return golden_tensor("forecast/initial_2015091218").unsqueeze(0); }

at::Tensor in_sigma(const at::Tensor& state, const Engine& engine) {
  return state / engine.channel_std().view({-1, 1, 1});
}

TEST(ReferenceEngine, EveryTensorInsideStepOne) {
  HENS_REQUIRE_DATA("golden/model");
  std::map<std::string, at::Tensor> seen;
  ReferenceOptions options;
  options.probe = [&](const std::string& name, const at::Tensor& t) { seen[name] = t.permute({2, 0, 1}).clone(); };
  const auto engine = make_reference_engine(golden_package("mini_seed102"), at::kCPU, options);
  engine->start(initial_state(), initial_time);
  engine->step();
  const std::vector<std::pair<std::string, double>> tolerances{{"input", 1e-6},  {"encoder", 1e-5}, {"block0", 2e-5},
                                                               {"block3", 4e-5}, {"block7", 7e-5},  {"output", 2.5e-5}};
  for (const auto& [name, tolerance] : tolerances) {
    const GoldenPart expected = golden_part("forecast/mini_seed102_step1_" + name);
    EXPECT_TRUE(tensors_near(expected.of(seen[name]), expected.values, tolerance)) << name;
  }
}

// One thread: threads that wait for one another burn the cores that other tests beside this one need.
class Forecast : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    HENS_REQUIRE_DATA("golden/model/" + GetParam());
    at::set_num_threads(1);
  }
};

TEST_P(Forecast, StepsOneTwoAndFour) {
  const auto engine = make_reference_engine(golden_package(GetParam()), at::kCPU);
  engine->start(initial_state(), initial_time);
  const std::map<int, double> tolerances{{1, 3e-5}, {2, 5e-5}, {4, 7e-5}};  // sigma
  for (int step = 1; step <= 4; ++step) {
    engine->step();
    EXPECT_EQ(engine->valid_time(), initial_time + step * model_step);
    if (!tolerances.contains(step)) continue;
    const GoldenPart expected = golden_part(fmt::format("forecast/{}_step_{:04}", GetParam(), step));
    const at::Tensor sigma = expected.of(engine->channel_std().flatten()).view({-1, 1, 1});
    EXPECT_TRUE(tensors_near(expected.of(engine->state()[0]) / sigma, expected.values / sigma, tolerances.at(step)))
        << "step " << step;
  }
}

struct ChannelStatistics {
  double mean, std, min, max;
};

// After `steps` steps, by channel.
std::vector<ChannelStatistics> golden_statistics(const std::string& package, int steps) {
  std::ifstream file(test::data_root() / "golden/model/forecast" / (package + "_stats.csv"));
  std::vector<ChannelStatistics> result;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::ranges::replace(line, ',', ' ');
    std::istringstream words(line);
    int step = 0;
    std::string channel;
    ChannelStatistics s{};
    words >> step >> channel >> s.mean >> s.std >> s.min >> s.max;
    if (step == steps) result.push_back(s);
  }
  return result;
}

TEST_P(Forecast, StatisticsAfterFortySteps) {
  const auto engine = make_reference_engine(golden_package(GetParam()), at::kCPU);
  engine->start(initial_state(), initial_time);
  for (int step = 0; step < 40; ++step) engine->step();
  const at::Tensor state = engine->state()[0].to(at::kDouble).flatten(1), sigma = engine->channel_std();
  const std::vector<ChannelStatistics> expected = golden_statistics(GetParam(), 40);
  ASSERT_EQ(expected.size(), 74u);
  for (int c = 0; c < 74; ++c) {
    const double tolerance = 1e-5 * sigma[c].item<double>();
    EXPECT_NEAR(state[c].mean().item<double>(), expected[c].mean, tolerance) << engine->channel_names()[c];
    EXPECT_NEAR(state[c].std(false).item<double>(), expected[c].std, tolerance) << engine->channel_names()[c];
  }
}

// Six seconds a package. The system is chaotic: after 400 steps only its climate can be compared.
TEST_P(Forecast, StaysBoundedForFourHundredSteps) {
  const ModelPackage package = golden_package(GetParam());
  const auto engine = make_reference_engine(package, at::kCPU);
  engine->start(initial_state(), initial_time);
  for (int step = 0; step < 400; ++step) engine->step();
  const at::Tensor mean = at::tensor(package.mean).view({-1, 1, 1});
  const at::Tensor z = in_sigma(engine->state()[0] - mean, *engine);
  const double rms = z.square().mean().sqrt().item<double>();
  EXPECT_TRUE(rms > 0.5 && rms < 2) << rms;  // comparisons with NaN are false
  EXPECT_LT(at::abs(z).max().item<double>(), 20);
}

INSTANTIATE_TEST_SUITE_P(Packages, Forecast, testing::Values("mini_seed102", "mini_seed103"));

class EngineContract : public testing::Test {
 protected:
  void SetUp() override {
    HENS_REQUIRE_DATA("golden/model");
    at::set_num_threads(1);
    package_ = golden_package("mini_seed102");
    a_ = initial_state();
    b_ = a_.roll(8, 3);
  }
  at::Tensor run(const at::Tensor& state, int steps) {
    const auto engine = make_reference_engine(package_, at::kCPU);
    engine->start(state, initial_time);
    for (int step = 0; step < steps; ++step) engine->step();
    return engine->state();
  }

  ModelPackage package_;
  at::Tensor a_, b_;
};

TEST_F(EngineContract, AMemberHasTheSameBytesInAnyBatch) {
  const at::Tensor both = run(at::cat({b_, a_}), 2);
  EXPECT_TRUE(at::equal(both[1], run(a_, 2)[0]));
  EXPECT_TRUE(at::equal(both[0], run(b_, 2)[0]));
  EXPECT_FALSE(at::equal(both[0], both[1]));
}

TEST_F(EngineContract, StatesStayAsTheyAreWhenTheEngineStepsOn) {
  const auto engine = make_reference_engine(package_, at::kCPU);
  const at::Tensor start = a_.clone();
  engine->start(start, initial_time);
  EXPECT_TRUE(at::equal(engine->state(), a_)) << "the state passes through unchanged";
  engine->step();
  const at::Tensor first = engine->state(), copy = first.clone(), wind = engine->channels({1, 0});
  EXPECT_TRUE(first.is_contiguous());
  EXPECT_TRUE(at::equal(wind[0][0], first[0][1]));
  EXPECT_TRUE(at::equal(wind[0][1], first[0][0]));
  engine->step();
  EXPECT_TRUE(at::equal(first, copy));
  EXPECT_TRUE(at::equal(wind[0][0], copy[0][1]));
  EXPECT_TRUE(at::equal(start, a_));
}

TEST_F(EngineContract, DoesNotNeedThePackageAfterwards) {
  const at::Tensor expected = run(a_, 1);
  std::unique_ptr<Engine> engine;
  {
    const ModelPackage short_lived = golden_package("mini_seed102");
    engine = make_reference_engine(short_lived, at::kCPU);
  }
  engine->start(a_, initial_time);
  engine->step();
  EXPECT_TRUE(at::equal(engine->state(), expected));
}

TEST_F(EngineContract, TheExactSunIsAnotherForecast) {
  ReferenceOptions exact;
  exact.sun = SunKind::float64;
  const auto engine = make_reference_engine(package_, at::kCPU, exact);
  engine->start(a_, initial_time);
  engine->step();
  const at::Tensor difference = in_sigma(engine->state() - run(a_, 1), *engine);
  EXPECT_GT(at::abs(difference).max().item<double>(), 1e-5);
  EXPECT_LT(at::abs(difference).max().item<double>(), 0.05);
}

TEST_F(EngineContract, TheOlderStreamCheckpointIsTheSameModel) {
  HENS_REQUIRE_DATA("golden/model/legacy");
  ModelPackage other = golden_package("mini_seed102");
  const test::TemporaryFolder folder;
  const fs::path root = test::data_root() / "golden/model";
  for (const auto& entry : fs::directory_iterator(root / "mini_seed102")) {
    if (entry.is_regular_file()) fs::copy(entry.path(), folder.path());
  }
  fs::create_directory(folder / "training_checkpoints");
  fs::copy(root / "legacy/best_ckpt_mp0.tar", folder / "training_checkpoints");
  const at::Tensor expected = run(a_, 1);
  package_ = open_package(folder.path());
  ASSERT_EQ(package_.checkpoint_format, "stream");
  EXPECT_TRUE(at::equal(run(a_, 1), expected));
}

TEST_F(EngineContract, NamesAMissingTensor) {
  package_.weights.erase("blocks.5.norm1.bias");
  try {
    make_reference_engine(package_, at::kCPU);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_input);
    EXPECT_NE(std::string(error.what()).find("blocks.5.norm1.bias"), std::string::npos) << error.what();
  }
}

// Before 2024 makani's big skip took the state alone.
TEST_F(EngineContract, ANarrowBigSkipSeesTheStateOnly) {
  TensorView& skip = package_.weights.at("residual_transform.weight");
  std::vector<float> wide(74 * 110, 0.0f), narrow(74 * 74);
  const float* values = reinterpret_cast<const float*>(skip.data);
  for (int o = 0; o < 74; ++o) {
    for (int i = 0; i < 74; ++i) wide[o * 110 + i] = narrow[o * 74 + i] = values[o * 110 + i];
  }
  skip.data = reinterpret_cast<const std::byte*>(wide.data());
  const at::Tensor expected = run(a_, 1);
  skip.data = reinterpret_cast<const std::byte*>(narrow.data());
  skip.shape = {74, 74, 1, 1};
  EXPECT_TRUE(tensors_near(run(a_, 1).flatten(2), expected.flatten(2), 0.1));  // z50 is 2e5: an ulp is 0.016
}

}  // namespace
}  // namespace hens
