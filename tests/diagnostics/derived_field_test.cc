// Derived variables of a state: what is read of it, in which order, member by member.
#include "diagnostics/derived_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "diagnostics/column.h"
#include "diagnostics/humidity.h"
#include "diagnostics/wind.h"

namespace hens {
namespace {

using ::testing::HasSubstr;

// A state of `members` on a small grid, every channel its own random values; remembers what was asked of it.
class SomeState final : public StateView {
 public:
  SomeState(std::vector<std::string> names, int64_t members, bool ground = true) : names_(std::move(names)) {
    const auto count = static_cast<int64_t>(names_.size());
    state_ = at::rand({members, count, grid_.nlat(), grid_.nlon()}) + 1;
    // Values that formulas know: temperatures, grams a kilogram, a pressure at the ground.
    for (int64_t c = 0; c < count; ++c) {
      const char quantity = names_[static_cast<size_t>(c)][0];
      if (quantity == 't' || quantity == 'd') state_.select(1, c).mul_(20).add_(250);
      if (quantity == 'q') state_.select(1, c).mul_(1e-3);
      if (quantity == 's') state_.select(1, c).mul_(5e4);
    }
    if (ground) ground_ = at::zeros({grid_.nlat(), grid_.nlon()});
  }
  at::Tensor state() const override { return state_; }
  at::Tensor channels(const std::vector<int>& selected) const override {
    asked.insert(asked.end(), selected.begin(), selected.end());
    return state_.index_select(1, at::tensor(std::vector<int64_t>(selected.begin(), selected.end())));
  }
  at::Tensor surface_geopotential() const override { return ground_; }
  Time valid_time() const override { return {}; }
  const LatLonGrid& grid() const override { return grid_; }
  const std::vector<std::string>& channel_names() const override { return names_; }
  at::Device device() const override { return at::kCPU; }
  at::Tensor channel(const std::string& name) const {
    return state_.select(1, std::ranges::find(names_, name) - names_.begin());
  }
  at::Tensor derived(const std::string& name) const { return DerivedField(name, names_).of(*this); }

  mutable std::vector<int> asked;

 private:
  LatLonGrid grid_ = equiangular_grid(5, 8);
  std::vector<std::string> names_;
  at::Tensor state_, ground_;
};

TEST(DerivedField, ReadsItsInputsAndNothingElse) {
  const SomeState state({"v10m", "t2m", "u10m"}, 3);
  EXPECT_TRUE(at::equal(state.derived("ws10m"), wind_speed(state.channel("u10m"), state.channel("v10m"))));
  EXPECT_EQ(state.asked, (std::vector<int>{2, 0}));
}

TEST(DerivedField, AMemberDoesNotKnowTheOthers) {
  const SomeState state(hens_channels(), 3);
  for (const std::string& name : derived_examples()) {
    const at::Tensor all = state.derived(name);
    ASSERT_EQ(all.sizes(), (std::vector<int64_t>{3, 5, 8})) << name;
    ASSERT_EQ(all.scalar_type(), at::kFloat) << name;
    EXPECT_FALSE(at::equal(all[0], all[1])) << name;
  }
}

TEST(DerivedField, WhatIsDerivedOfDerivedTakesTheModelsOwnChannelFirst) {
  const SomeState derives({"t850", "q850"}, 2), has({"t850", "q850", "r850"}, 2);
  EXPECT_TRUE(
      at::equal(derives.derived("vpd850"), vapour_pressure_deficit(derives.channel("t850"), derives.derived("r850"))));
  EXPECT_TRUE(at::equal(has.derived("vpd850"), vapour_pressure_deficit(has.channel("t850"), has.channel("r850"))));
}

TEST(DerivedField, ColumnsAreReadFromTheGroundUp) {
  const SomeState state(hens_channels(), 2);
  std::vector<double> levels;
  std::vector<at::Tensor> z, t, q, u, v;
  for (const int level : {1000, 925, 850, 700, 600, 500, 400, 300, 250, 200, 150, 100, 50}) {
    levels.push_back(level);
    const auto on = [&](char quantity) { return state.channel(quantity + std::to_string(level)); };
    z.push_back(on('z')), t.push_back(on('t')), q.push_back(on('q')), u.push_back(on('u')), v.push_back(on('v'));
  }
  EXPECT_TRUE(at::equal(state.derived("ivt"), vapour_transport(levels, u, v, q)));
  EXPECT_TRUE(at::equal(state.derived("ivtu"), vapour_transport(levels, u, {}, q, Transport::eastward)));
  EXPECT_TRUE(at::equal(state.derived("ivtv"), vapour_transport(levels, {}, v, q, Transport::northward)));
  EXPECT_TRUE(at::equal(state.derived("tcwv_from_levels"), total_column_water_vapour(levels, q, state.channel("sp"))));
  const at::Tensor ground = state.surface_geopotential().expand_as(z[0]);
  EXPECT_TRUE(at::equal(state.derived("sp_from_levels"), surface_pressure(levels, z, t, ground)));
  EXPECT_TRUE(at::equal(state.derived("thickness_500_1000"), thickness(z[5], z[0])));
}

TEST(DerivedField, NeedsTheGroundWhereItSaysSo) {
  const SomeState state(hens_channels(), 1, false);
  try {
    state.derived("sp_from_levels");
    FAIL() << "there is no ground";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    EXPECT_THAT(error.what(), HasSubstr("'sp_from_levels' needs the surface geopotential"));
  }
}

}  // namespace
}  // namespace hens
