// What arrays are called in each layout, and where fields lie in them.
#include "store/store_arrays.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grid/derived_variables.h"
#include "grid/era5_names.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using testing::ElementsAre;

StoreLayout layout_of(OutputLayout kind, std::vector<std::string> variables) {
  StoreLayout layout = test::toy_layout();
  layout.layout = kind;
  layout.variables = std::move(variables);
  return layout;
}

const Coordinate& named(const std::vector<Coordinate>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Coordinate::name);
  if (found == all.end()) throw std::out_of_range(name);
  return *found;
}

TEST(StoreArrays, OfHensAreOneAChannel) {
  const StoreArrays arrays = store_arrays(layout_of(OutputLayout::hens, {"z500", "t2m", "z850"}), 2, 2);
  ASSERT_EQ(arrays.fields.size(), 3U);
  EXPECT_EQ(arrays.fields[2].name, "z850");
  EXPECT_THAT(arrays.fields[0].dimensions, ElementsAre("ensemble", "time", "lead_time", "lat", "lon"));
  EXPECT_THAT(arrays.fields[0].shape, ElementsAre(2, 2, 3, 3, 4));
  EXPECT_THAT(arrays.fields[0].file, ElementsAre(1, 1, 3, 3, 4));
  EXPECT_THAT(arrays.index(1, 1, 0, 2), ElementsAre(1, 0, 2));
}

TEST(StoreArrays, OfWeatherBenchGatherLevelsUnderEra5Names) {
  const StoreLayout layout = layout_of(OutputLayout::weatherbench, {"z500", "t2m", "t1000", "z50", "ws500", "vpd850"});
  const StoreArrays arrays = store_arrays(layout, 2, 2);
  std::vector<std::string> names;
  for (const FieldArray& array : arrays.fields) names.push_back(array.name);
  EXPECT_THAT(names, ElementsAre("geopotential", "2m_temperature", "temperature", "wind_speed", "vpd850"));
  EXPECT_THAT(arrays.fields[0].dimensions,
              ElementsAre("number", "time", "prediction_timedelta", "level", "latitude", "longitude"));
  EXPECT_THAT(arrays.fields[1].dimensions,
              ElementsAre("number", "time", "prediction_timedelta", "latitude", "longitude"));
  EXPECT_THAT(arrays.fields[0].shape, ElementsAre(2, 2, 3, 3, 3, 4)) << "levels 50, 500, 1000";
  EXPECT_THAT(arrays.fields[0].file, ElementsAre(1, 1, 3, 1, 3, 4)) << "a file a level, as in the layout hens";
  EXPECT_THAT(arrays.index(0, 1, 0, 2), ElementsAre(1, 0, 2, 1));
  EXPECT_THAT(arrays.index(3, 1, 0, 2), ElementsAre(1, 0, 2, 0)) << "50 hPa";
  EXPECT_THAT(arrays.index(4, 1, 0, 2), ElementsAre(1, 0, 2, 1)) << "of the wind speed";
  EXPECT_THAT(arrays.index(2, 0, 1, 0), ElementsAre(0, 1, 0, 2));
  EXPECT_THAT(arrays.index(1, 1, 0, 2), ElementsAre(1, 0, 2));
  EXPECT_EQ(arrays.fields[0].attributes.at("long_name"), "geopotential");
  EXPECT_EQ(arrays.fields[0].attributes.at("units"), "m2 s-2");

  const auto coordinates = store_coordinates(layout);
  EXPECT_THAT(std::get<std::vector<int64_t>>(named(coordinates, "level").values), ElementsAre(50, 500, 1000));
  EXPECT_THAT(std::get<std::vector<int64_t>>(named(coordinates, "prediction_timedelta").values), ElementsAre(0, 6, 12));
  EXPECT_THAT(named(coordinates, "valid_time").dimensions, ElementsAre("time", "prediction_timedelta"));
  EXPECT_THAT(std::get<std::vector<int32_t>>(named(coordinates, "number").values), ElementsAre(0, 1));
}

TEST(StoreArrays, OfCfHaveValidTimeFirst) {
  const StoreLayout layout = layout_of(OutputLayout::cf, {"z500", "t2m"});
  const StoreArrays arrays = store_arrays(layout, 1, 1);
  EXPECT_THAT(arrays.fields[0].dimensions, ElementsAre("time", "lat", "lon"));
  EXPECT_THAT(arrays.index(1, 0, 0, 2), ElementsAre(2));
  const auto coordinates = store_coordinates(layout, {7}, {layout.times[1]});
  EXPECT_THAT(std::get<std::vector<double>>(named(coordinates, "time").values),
              ElementsAre(1709208000, 1709229600, 1709251200));
  EXPECT_THAT(std::get<std::vector<double>>(named(coordinates, "forecast_reference_time").values),
              ElementsAre(1709208000));
  EXPECT_THAT(std::get<std::vector<int32_t>>(named(coordinates, "realization").values), ElementsAre(7));
  EXPECT_TRUE(named(coordinates, "realization").dimensions.empty());
}

TEST(StoreArrays, OfPointsHaveThePointsDimension) {
  StoreLayout layout = layout_of(OutputLayout::weatherbench, {"t850"});
  layout.domain.points = {{"a", 1.0, 2.0}, {"b", 3.0, 4.0}};
  const StoreArrays arrays = store_arrays(layout, 2, 2);
  EXPECT_THAT(arrays.fields[0].dimensions, ElementsAre("number", "time", "prediction_timedelta", "level", "point"));
  EXPECT_EQ(arrays.fields[0].attributes.at("coordinates"), "valid_time latitude longitude");
  EXPECT_THAT(named(store_coordinates(layout), "latitude").dimensions, ElementsAre("point"));
}

// The bound that is said holds for all levels.
TEST(StoreArrays, SayTheFewestBitsOfTheirLevels) {
  StoreLayout layout = layout_of(OutputLayout::weatherbench, {"z500", "t2m", "z850"});
  layout.keep_bits = {12, mantissa_bits, 9};
  const StoreArrays arrays = store_arrays(layout, 2, 2);
  EXPECT_EQ(arrays.fields[0].attributes.at("quantization_nsb"), 9);
  EXPECT_FALSE(arrays.fields[1].attributes.contains("quantization_nsb"));
}

TEST(Era5Names, AreThereForAllOfTheModelsChannels) {
  for (const std::string& channel : hens_channels()) {
    const auto name = era5_name(channel_info(channel));
    ASSERT_TRUE(name) << channel;
    EXPECT_EQ(name->on_levels, channel_info(channel).level.has_value());
  }
  EXPECT_EQ(era5_name(channel_info("d2m"))->name, "2m_dewpoint_temperature");
  EXPECT_FALSE(era5_name(variable_info("tcwv_from_levels"))) << "beside tcwv it would be the same name";
  EXPECT_FALSE(era5_name(variable_info("r2m")));
  EXPECT_FALSE(era5_name(variable_info("thickness_500_1000")));
}

}  // namespace
}  // namespace hens
