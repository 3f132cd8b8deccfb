// Products of all members, as ecCodes reads them.
#include "store/grib_header.h"

#include <gtest/gtest.h>

#include "store/grib_output.h"
#include "support/eccodes_message.h"

namespace hens {
namespace {

using test::EccodesMessage;

const LatLonGrid grid = equiangular_grid(5, 8);

GribProduct product(const char* variable) {
  return {.parameter = *grib_parameter(variable), .time = parse_time("2024-02-28T18"), .lead = std::chrono::hours(30)};
}

EccodesMessage written(const GribProduct& made) {
  const GribHeaders headers(grid, {});
  const std::vector<float> field(grid.points(), 1.0f);
  return EccodesMessage(grib_message(headers, made, {}, field));
}

TEST(GribHeader, OfMeanSpreadAndExtremes) {
  for (const int what : {0, 4, 8, 9}) {
    for (const int members : {29, 254, 255, 7424}) {
      GribProduct made = product("t850");
      made.derived = {what, members};
      const EccodesMessage read = written(made);
      EXPECT_EQ(read.number("productDefinitionTemplateNumber"), 2);
      EXPECT_EQ(read.number("derivedForecast"), what);
      EXPECT_EQ(read.number("numberOfForecastsInEnsemble"), members > 254 ? 255 : members);
      EXPECT_EQ(read.number("typeOfProcessedData"), 5);
      EXPECT_EQ(read.number("step"), 30);
      EXPECT_EQ(read.number("validityDate"), 20240301);
      EXPECT_EQ(read.text("shortName"), "t");
    }
  }
}

TEST(GribHeader, OfWindows) {
  const std::pair<Reduce, const char*> kinds[] = {
      {Reduce::mean, "avg"}, {Reduce::max, "max"}, {Reduce::min, "min"}, {Reduce::sum, "sum"}};
  for (const auto& [reduce, step_type] : kinds) {
    for (int kind = 0; kind < 5; ++kind) {
      GribProduct made = product("t2m");
      made.window = GribWindow{std::chrono::hours(24), reduce};
      if (kind == 0) made.derived = {0, 20};
      if (kind == 1) made.probability = GribProbability{.limit = 300.25, .of = 20};
      if (kind == 2) made.probability = GribProbability{.limit = 300.25, .of = 300};
      if (kind == 3) made.quantile = grib_quantile(0.9);
      if (kind == 4) made.quantile = grib_quantile(0.999);
      constexpr long templates[] = {12, 9, 120, 10, 87};
      const EccodesMessage read = written(made);
      EXPECT_EQ(read.number("productDefinitionTemplateNumber"), templates[kind]);
      EXPECT_EQ(read.text("stepType"), step_type);
      EXPECT_EQ(read.text("stepRange"), "6-30");
      EXPECT_EQ(read.number("lengthOfTimeRange"), 24);
      EXPECT_EQ(read.number("timeIncrement"), 6);
      EXPECT_EQ(read.number("dayOfEndOfOverallTimeInterval"), 1);
      EXPECT_EQ(read.number("monthOfEndOfOverallTimeInterval"), 3);
      EXPECT_EQ(read.number("validityDate"), 20240301);
      EXPECT_EQ(read.number("validityTime"), 0);
    }
  }
}

TEST(GribHeader, OfProbabilities) {
  for (const double limit : {273.15, 0.001, -40.0, 1.0e5, 54'321.5, 0.0, 7.25e-6}) {
    for (const int members : {254, 7424}) {
      GribProduct made = product("t2m");
      made.probability = GribProbability{.limit = limit, .number = 1, .count = 3, .of = members};
      const EccodesMessage read = written(made);
      EXPECT_EQ(read.number("productDefinitionTemplateNumber"), members > 254 ? 119 : 5);
      EXPECT_EQ(read.number("probabilityType"), 3);
      EXPECT_NEAR(read.real("lowerLimit"), limit, 1e-6 * std::fabs(limit)) << "as many decimals as 31 bits hold";
      EXPECT_EQ(read.number("forecastProbabilityNumber"), 1);
      EXPECT_EQ(read.number("totalNumberOfForecastProbabilities"), 3);
      if (members > 254) {
        EXPECT_EQ(read.number("numberOfForecastsInEnsemble"), members);
      }
    }
  }
}

TEST(GribHeader, OfQuantiles) {
  const std::tuple<double, long, int, int> cases[] = {
      {0.5, 6, 50, 100}, {0.01, 6, 1, 100}, {0.99, 6, 99, 100}, {0.999, 86, 999, 1000}, {0.125, 86, 1, 8}};
  for (const auto& [level, product_template, value, of] : cases) {
    GribProduct made = product("z500");
    made.quantile = grib_quantile(level);
    EXPECT_EQ(made.quantile->value, value);
    EXPECT_EQ(made.quantile->of, of);
    const EccodesMessage read = written(made);
    EXPECT_EQ(read.number("productDefinitionTemplateNumber"), product_template);
    EXPECT_EQ(read.number(product_template == 6 ? "percentileValue" : "quantileValue"), value);
    if (product_template == 86) {
      EXPECT_EQ(read.number("totalNumberOfQuantiles"), of);
    }
  }
}

TEST(GribHeader, IsTheSameWhateverWasMadeBefore) {
  const GribHeaders headers(grid, {});
  GribProduct member = product("u10m"), mean = product("z500");
  member.member = GribMember{.number = 7, .of = 20};
  mean.derived = {4, 7424};
  mean.window = GribWindow{std::chrono::hours(6), Reduce::max};
  const auto first = headers.header(member);
  headers.header(mean);
  EXPECT_EQ(headers.header(member), first);
  EXPECT_EQ(GribHeaders(grid, {}).header(member), first);
}

}  // namespace
}  // namespace hens
