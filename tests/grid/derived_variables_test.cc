// The names of derived variables: which there are, what they say of themselves, what is missing where one is refused.
#include "grid/derived_variables.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal(const std::string& name, const std::vector<std::string>& channels, bool ground = true) {
  try {
    check_variable(name, channels, ground);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_spec);
    return error.what();
  }
  return "";
}

TEST(DerivedVariables, EachIsWholeAndOfAHensModelsChannels) {
  for (const std::string& name : derived_examples()) {
    const auto variable = derived_variable(name);
    ASSERT_TRUE(variable) << name;
    EXPECT_EQ(variable->info.name, name);
    EXPECT_FALSE(variable->inputs.empty() || variable->formula.empty() || variable->source.empty()) << name;
    EXPECT_FALSE(variable->info.units.empty() || variable->info.long_name.empty()) << name;
    EXPECT_EQ(variable_info(name).units, variable->info.units);
    EXPECT_EQ(refusal(name, hens_channels()), "") << name;
    EXPECT_EQ(std::ranges::count(hens_channels(), name), 0) << name << " would never be derived";
  }
}

TEST(DerivedVariables, LevelsAreAnyAndWrittenPlainly) {
  EXPECT_EQ(derived_variable("ws250")->inputs, (std::vector<std::string>{"u250", "v250"}));
  EXPECT_EQ(derived_variable("r51")->inputs, (std::vector<std::string>{"t51", "q51"}));
  EXPECT_EQ(derived_variable("thickness_300_500")->inputs, (std::vector<std::string>{"z300", "z500"}));
  EXPECT_EQ(derived_variable("vpd1000")->info.level, 1000);
  for (const char* none : {"ws",
                           "ws0",
                           "ws010",
                           "ws1101",
                           "ws20m",
                           "r",
                           "rh850",
                           "vpd",
                           "vpd2x",
                           "thickness",
                           "ivtw",
                           "thickness_1000_500",
                           "thickness_500_500",
                           "thickness_500",
                           "thickness_500_",
                           "u10m",
                           "z500",
                           "tcwv",
                           "sp",
                           "heat_index_",
                           "WS10M",
                           ""}) {
    EXPECT_FALSE(derived_variable(none)) << none;
  }
}

TEST(DerivedVariables, NamesWhatIsMissing) {
  EXPECT_THAT(refusal("ws850", {"u850", "z500"}),
              HasSubstr("'ws850' is derived from u850 v850: of these the model has no v850"));
  EXPECT_EQ(missing_inputs("vpd850", {"t2m"}), (std::vector<std::string>{"t850", "q850"})) << "through r850";
  EXPECT_EQ(missing_inputs("vpd850", {"t850", "r850"}), (std::vector<std::string>{})) << "a channel of its own";
  std::vector<std::string> channels = hens_channels();
  std::erase(channels, "q50"), std::erase(channels, "v300");
  EXPECT_EQ(missing_inputs("ivt", channels), (std::vector<std::string>{"v300", "q50"}));
  EXPECT_THAT(refusal("sp_from_levels", hens_channels(), false), HasSubstr("orography.nc"));
  EXPECT_EQ(refusal("sp", hens_channels(), false), "");
}

TEST(DerivedVariables, AChannelOfTheModelWins) {
  EXPECT_EQ(refusal("ivt", {"ivt"}), "");
  EXPECT_EQ(refusal("r850", {"r850"}), "");
}

TEST(DerivedVariables, UnknownNamesLeadToKnownOnes) {
  EXPECT_THAT(refusal("ws10n", hens_channels()), HasSubstr("channel 'ws10n' is not there (did you mean 'ws10m'?)"));
  EXPECT_THAT(refusal("ws10", hens_channels()), HasSubstr("of these the model has no u10 v10")) << "at 10 hPa";
  EXPECT_THAT(refusal("heatindex", hens_channels()), HasSubstr("did you mean 'heat_index'"));
  EXPECT_THAT(refusal("tcwv", {"z500"}), HasSubstr("('tcwv_from_levels' derives it)"));
  EXPECT_THAT(refusal("wind", hens_channels()), HasSubstr("derived from them can be ws10m"));
  try {
    variable_info("heatindex");
    FAIL() << "it is no variable";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_input);
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'heat_index'"));
  }
}

// docs/variables.md has a row for each, with what the table here says.
TEST(DerivedVariables, ThePageSaysTheSame) {
  std::stringstream page;
  page << std::ifstream(HENS_SOURCE_DIR "/docs/variables.md").rdbuf();
  for (const std::string& name : derived_examples()) {
    const DerivedVariable variable = *derived_variable(name);
    std::string row;
    for (std::string line; row.empty() && std::getline(page, line);) {
      if (line.starts_with("| `" + name + "`")) row = line;
    }
    page.clear(), page.seekg(0);
    ASSERT_FALSE(row.empty()) << "docs/variables.md has no row for " << name;
    EXPECT_THAT(row, HasSubstr("| " + variable.info.units + " |"));
    EXPECT_THAT(row, HasSubstr(variable.formula));
    EXPECT_THAT(row, HasSubstr(variable.source));
    const std::string code = variable.grib ? fmt::format("{}/{}/{}", variable.grib->discipline, variable.grib->category,
                                                         variable.grib->number)
                                           : "none";
    EXPECT_THAT(row, HasSubstr("| " + code));
    EXPECT_THAT(row, HasSubstr(variable.info.standard_name));
    if (variable.inputs.size() <= 2) {
      EXPECT_THAT(row, HasSubstr(fmt::format("{}", fmt::join(variable.inputs, ", "))));
    }
  }
}

}  // namespace
}  // namespace hens
