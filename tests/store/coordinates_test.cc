#include "store/coordinates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using testing::ElementsAre;

const Coordinate& named(const std::vector<Coordinate>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Coordinate::name);
  if (found == all.end()) throw std::out_of_range(name);
  return *found;
}

TEST(Coordinates, HoldWhatTheLayoutSays) {
  const auto all = coordinates(test::toy_layout());
  EXPECT_THAT(std::get<std::vector<int32_t>>(named(all, "ensemble").values), ElementsAre(0, 1));
  EXPECT_THAT(std::get<std::vector<int64_t>>(named(all, "lead_time").values), ElementsAre(0, 6, 12));
  EXPECT_THAT(std::get<std::vector<int64_t>>(named(all, "time").values), ElementsAre(1704067200, 1709208000));
  EXPECT_THAT(std::get<std::vector<double>>(named(all, "lat").values), ElementsAre(90.0, 0.0, -90.0));
}

TEST(Coordinates, ValidTimeIsInitialTimePlusLead) {
  const auto all = coordinates(test::toy_layout());
  const Coordinate& valid = named(all, "valid_time");
  EXPECT_THAT(valid.dimensions, ElementsAre("time", "lead_time"));
  EXPECT_THAT(valid.shape, ElementsAre(2, 3));
  EXPECT_THAT(std::get<std::vector<int64_t>>(valid.values),
              ElementsAre(1704067200, 1704088800, 1704110400, 1709208000, 1709229600, 1709251200));
}

TEST(Coordinates, OfOneMemberAreOneRow) {
  const StoreLayout layout = test::toy_layout();
  const auto all = coordinates(layout, {1}, {layout.times[1]});
  EXPECT_THAT(std::get<std::vector<int32_t>>(named(all, "ensemble").values), ElementsAre(1));
  EXPECT_THAT(named(all, "valid_time").shape, ElementsAre(1, 3));
}

TEST(VariableAttributes, AreCfAndNameTheirCoordinate) {
  const auto attributes = variable_attributes("z500");
  EXPECT_EQ(attributes.at("standard_name"), "geopotential");
  EXPECT_EQ(attributes.at("units"), "m2 s-2");
  EXPECT_EQ(attributes.at("long_name"), "geopotential at 500 hPa");
  EXPECT_EQ(attributes.at("coordinates"), "valid_time");
  EXPECT_THROW(variable_attributes("z5oo"), Error);
}

}  // namespace
}  // namespace hens
