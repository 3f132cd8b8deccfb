// What sinks see of a state: channels as the engine has them, and what is derived of them, from each engine.
#include "forecast/field_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "diagnostics/wind.h"
#include "engine/sfno/fast_engine.h"
#include "sfno/reference_engine.h"
#include "support/devices.h"
#include "support/test_data.h"
#include "synth/synth.h"

namespace hens {
namespace {

// The reference engine and the fast one, this as loops on the host or by the card's kernels.
class FieldSelectionTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string kind = GetParam();
    if (kind == "gpu" && !test::has_gpu()) GTEST_SKIP() << "needs a GPU";
    write_synthetic_package(folder_ / "package", {.nlat = 13, .nlon = 24, .embed_dim = 8, .num_layers = 2}, 7);
    const ModelPackage package = open_package(folder_ / "package");
    if (kind == "reference") {
      engine_ = make_reference_engine(package, at::kCPU);
    } else {
      FastOptions options;
      if (kind == "loops") options.kernels = engine::Kernels::host;
      engine_ = make_fast_engine(package, kind == "gpu" ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU), options);
    }
    ground_ = at::tensor(package.orography).view({13, 24});
    const at::Tensor mean = at::tensor(package.mean).view({-1, 1, 1}), std = at::tensor(package.std).view({-1, 1, 1});
    engine_->start(at::rand({3, std.size(0), 13, 24}) * std + mean, Time{});
    engine_->step();
  }
  at::Tensor fields(const std::vector<std::string>& names) const {
    return FieldSelection(names, engine_->channel_names()).fields(*engine_).cpu();
  }
  std::function<at::Tensor()> fetch(const std::vector<std::string>& names) const {
    return FieldSelection(names, engine_->channel_names()).fetch(*engine_);
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<Engine> engine_;
  at::Tensor ground_;
};

TEST_P(FieldSelectionTest, ChannelsStandWhereTheyAreNamedBesideWhatIsDerived) {
  const at::Tensor all = fields({"ws10m", "v10m", "r850", "u10m", "ivt"}), plain = fields({"u10m", "v10m"});
  ASSERT_EQ(all.sizes(), (std::vector<int64_t>{3, 5, 13, 24}));
  EXPECT_TRUE(at::equal(all.select(1, 3), plain.select(1, 0)));
  EXPECT_TRUE(at::equal(all.select(1, 1), plain.select(1, 1)));
  EXPECT_TRUE(at::equal(all.select(1, 0), wind_speed(plain.select(1, 0), plain.select(1, 1))));
  EXPECT_TRUE(at::equal(fields({"ivt"}).select(1, 0), all.select(1, 4)));
}

TEST_P(FieldSelectionTest, WhatIsFetchedIsTheStateOfThatMomentWhateverComesAfter) {
  const std::vector<std::string> names{"u10m", "ws10m", "sp_from_levels", "heat_index"};
  const at::Tensor now = fields(names);
  const auto first = fetch(names);
  engine_->step();
  const auto second = fetch(names);
  const at::Tensor later = fields(names);
  EXPECT_TRUE(at::equal(first(), now));
  EXPECT_TRUE(at::equal(second(), later));
  EXPECT_FALSE(at::equal(now, later));
}

TEST_P(FieldSelectionTest, TheGroundIsThePackages) {
  EXPECT_TRUE(at::equal(engine_->surface_geopotential().cpu(), ground_));
}

TEST_P(FieldSelectionTest, NamesWhatItCannotGive) {
  for (const char* none : {"z51", "ws51", "wind"}) {
    try {
      fields({"u10m", none});
      FAIL() << none;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_spec);
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string("'") + none + "'"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, FieldSelectionTest, testing::Values("reference", "loops", "gpu"));

}  // namespace
}  // namespace hens
