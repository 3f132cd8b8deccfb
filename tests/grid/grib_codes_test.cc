#include "grid/grib_codes.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "synth/synth_climate.h"

namespace hens {
namespace {

std::string place(const GribParameter& parameter) {
  const auto& [first, second] = std::pair(parameter.first, parameter.second);
  switch (first.type) {
    case 100:
      return second.type == 100 ? fmt::format("{} to {} hPa", *first.value / 100, *second.value / 100)
                                : fmt::format("{} hPa", *first.value / 100);
    case 101:
      return "mean sea level";
    case 103:
      return fmt::format("{} m", *first.value);
    default:
      return second.type == 8 ? "surface to top" : "surface";
  }
}

// A row of the table in docs/grib.md.
std::string row(const std::string& variable) {
  const GribParameter parameter = grib_parameter(variable).value();
  const GribCode& code = parameter.code;
  const std::string units = code.scale == 1.0 ? variable_info(variable).units : "Pa";
  return fmt::format("| `{}` | {} | {} | {}/{}/{} | {} | {} | 2^{} | {:.2g} |", variable, parameter.short_name,
                     parameter.param_id, code.discipline, code.category, code.number, place(parameter), units,
                     parameter.exponent, std::ldexp(0.5, parameter.exponent));
}

TEST(GribCodes, AreThoseOfTheDocumentation) {
  const std::string page = read_file(fs::path(HENS_SOURCE_DIR) / "docs/grib.md");
  std::vector<std::string> variables{"u10m", "v10m", "u100m", "v100m", "t2m",  "d2m",  "sp",   "msl",  "tcwv", "u500",
                                     "v500", "w500", "z500",  "t500",  "q500", "q300", "q250", "q150", "r850"};
  for (const std::string& variable : derived_examples()) {
    if (variable != "r850" && grib_parameter(variable)) variables.push_back(variable);
  }
  for (const std::string& variable : variables) EXPECT_THAT(page, testing::HasSubstr(row(variable))) << variable;
}

TEST(GribCodes, AreThoseOfTheDerivedVariables) {
  for (const std::string& variable : derived_examples()) {
    const auto parameter = grib_parameter(variable);
    EXPECT_EQ(parameter.has_value(), derived_variable(variable)->grib.has_value()) << variable;
    if (parameter) {
      EXPECT_EQ(parameter->code, *derived_variable(variable)->grib) << variable;
    }
  }
}

// Half a step is at most half of the fast engine's error in one step: 1.4e-4 of the standard deviation.
TEST(GribCodes, PackMoreFinelyThanTheEngineComputes) {
  for (const std::string& channel : hens_channels()) {
    const double half = std::ldexp(0.5, grib_parameter(channel)->exponent), std = channel_climate(channel).std;
    EXPECT_LE(half, 0.5 * 1.4e-4 * std) << channel;
    EXPECT_GE(half, 1e-7 * std) << channel << " would be stored with noise";
  }
}

TEST(GribCodes, TellWhatCannotStandInOneFile) {
  const std::vector<std::string> variables{"sp", "t2m", "ivt", "sp_from_levels", "r850", "vpd2m", "vpd2m_magnus"};
  EXPECT_EQ(grib_problem(variables, 0), "");
  EXPECT_EQ(grib_problem(variables, 1), "");
  EXPECT_THAT(grib_problem(variables, 2), testing::HasSubstr("'ivt' has no code in GRIB2"));
  EXPECT_THAT(grib_problem(variables, 3), testing::HasSubstr("'sp_from_levels' has the code that 'sp' has"));
  EXPECT_EQ(grib_problem(variables, 4), "");
  EXPECT_EQ(grib_problem(variables, 5), "");
  EXPECT_THAT(grib_problem(variables, 6), testing::HasSubstr("'vpd2m_magnus' has the code that 'vpd2m' has"));
}

TEST(GribCodes, OfAnUnknownNameAreAnError) { EXPECT_THROW(grib_parameter("t2n"), Error); }

}  // namespace
}  // namespace hens
