#include "forecast/reference_check.h"

#include <gtest/gtest.h>

#include "engine/sfno/fast_engine.h"
#include "sfno/tensors.h"

namespace hens {
namespace {

TEST(IsChecked, TakesTheFractionEvenlySpread) {
  for (const double fraction : {0.0, 0.1, 0.25, 0.3, 1.0}) {
    int checked = 0;
    for (int member = 0; member < 1000; ++member) checked += is_checked(member, fraction);
    EXPECT_EQ(checked, static_cast<int>(1000 * fraction + 0.5)) << fraction;
  }
  for (int first = 0; first < 100; first += 10) {
    int checked = 0;
    for (int member = first; member < first + 10; ++member) checked += is_checked(member, 0.1);
    EXPECT_EQ(checked, 1) << "of members " << first << " to " << first + 9;
  }
}

// The fast engine's roundings (as loops on the host) beside strict fp32: as far apart as its own tests say, no nearer
// than roundings of 16 bits can be, and step by step on the milestones.
TEST(ReferenceCheck, MeasuresWhatTheFastEngineRounds) {
  HENS_REQUIRE_DATA("golden/model");
  const ModelPackage package = test::golden_package("mini_seed102");
  FastOptions options;
  options.kernels = engine::Kernels::host;
  const auto engine = make_fast_engine(package, at::kCPU, options);
  const at::Tensor state = test::golden_tensor("forecast/initial_2015091218").unsqueeze(0);
  const Time time = parse_time("2015-09-12T18");

  ReferenceCheck check(package, *engine, SunKind::float32);
  engine->start(state, time);
  check.start(state, time);
  for (int step = 1; step <= 3; ++step) {
    engine->step();
    check.step(step, step == 3);
  }
  const nlohmann::ordered_json by_step = check.result(0);
  ASSERT_EQ(by_step.size(), 3U) << by_step.dump();  // 1, 2 and the last
  double before = 0;
  for (const auto& entry : by_step) {
    const double rms = entry["rms_std"], worst = entry["worst_rms_std"];
    EXPECT_GT(rms, 1e-6);
    EXPECT_LT(rms, 3e-3);  // ten times what one step of TF32 costs, for three steps
    EXPECT_GE(worst, rms);
    EXPECT_GT(rms, before) << "roundings add up";
    before = rms;
  }
}

}  // namespace
}  // namespace hens
