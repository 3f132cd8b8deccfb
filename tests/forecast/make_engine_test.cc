#include "forecast/make_engine.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/sfno/weight_file.h"
#include "support/test_data.h"
#include "synth/synth.h"

namespace hens {
namespace {

class MakeEngine : public ::testing::Test {
 protected:
  MakeEngine() {
    write_synthetic_package(folder_ / "mini", synth_size("mini"), 102);
    packages_.push_back(open_package(folder_ / "mini"));
  }
  std::string refusal(const ForecastSpec& spec) const {
    try {
      resolve_engine(spec, at::kCPU, packages_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_spec);
      return error.what();
    }
    return "taken";
  }
  test::TemporaryFolder folder_;
  std::vector<ModelPackage> packages_;
};

TEST_F(MakeEngine, OnACpuIsTheReferenceUnlessTheSpecInsists) {
  EXPECT_EQ(resolve_engine({}, at::kCPU, packages_), EngineKind::reference);
  ForecastSpec reference, fast;
  reference.engine = EngineKind::reference;
  fast.engine = EngineKind::fast;
  EXPECT_EQ(resolve_engine(reference, at::kCPU, packages_), EngineKind::reference);
  EXPECT_NE(refusal(fast).find("runs on GPUs"), std::string::npos) << refusal(fast);
}

TEST_F(MakeEngine, MakesTheModelOfItsPackage) {
  const auto engine = make_engine(EngineKind::reference, packages_[0], at::kCPU, {}, folder_ / "weights", "digest");
  EXPECT_EQ(engine->name(), "reference fp32");
  EXPECT_EQ(engine->channel_names(), packages_[0].config.channels);
  EXPECT_EQ(engine->grid(), packages_[0].grid);
  EXPECT_EQ(engine->time_step(), std::chrono::hours(6));
  EXPECT_EQ(engine->device_bytes(), 0u) << "all of it is LibTorch's";
}

// What the next model is made of is read ahead: its checkpoint, or the fast engine's own file once that is there.
TEST_F(MakeEngine, NamesTheFileThatItReadsMostOf) {
  const fs::path weights = folder_ / "weights", checkpoint = packages_[0].checkpoint->path();
  EXPECT_EQ(engine_file(EngineKind::reference, packages_[0], weights, "digest"), checkpoint);
  EXPECT_EQ(engine_file(EngineKind::fast, packages_[0], weights, "digest"), checkpoint);
  const fs::path own = engine::weight_file_path(weights, "digest");
  publish_file(own, "weights");
  EXPECT_EQ(engine_file(EngineKind::fast, packages_[0], weights, "digest"), own);
  EXPECT_EQ(engine_file(EngineKind::reference, packages_[0], weights, "digest"), checkpoint);
}

}  // namespace
}  // namespace hens
