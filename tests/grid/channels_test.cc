// The vocabulary: order, spelling and CF terms of the channels.
#include "grid/channels.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::function<void()>& action, ExitCode code) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(Channels, AreThe74OfHensInTheModelsOrder) {
  const auto& names = hens_channels();
  ASSERT_EQ(names.size(), 74u);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 74u);
  const std::vector<std::string> single(names.begin(), names.begin() + 9);
  EXPECT_EQ(single, (std::vector<std::string>{"u10m", "v10m", "u100m", "v100m", "t2m", "sp", "msl", "tcwv", "d2m"}));
  EXPECT_EQ(names[9], "u50");
  EXPECT_EQ(names[21], "u1000");
  EXPECT_EQ(names[22], "v50");
  EXPECT_EQ(names[35 + 7], "z500");
  EXPECT_EQ(names[48 + 10], "t850");
  EXPECT_EQ(names[73], "q1000");
}

TEST(Channels, KnowTheWindAt100MetresFromTheWindAt100HectoPascal) {
  const ChannelInfo metres = channel_info("u100m"), hectopascal = channel_info("u100");
  EXPECT_EQ(metres.quantity, "u100m");
  EXPECT_EQ(metres.level, std::nullopt);
  EXPECT_EQ(hectopascal.quantity, "u");
  EXPECT_EQ(hectopascal.level, 100);
  EXPECT_EQ(hectopascal.long_name, "eastward wind at 100 hPa");
}

TEST(Channels, HaveUnitsAndNamesThatCfKnows) {
  for (const std::string& name : hens_channels()) {
    const ChannelInfo info = channel_info(name);
    EXPECT_EQ(info.name, name);
    EXPECT_FALSE(info.units.empty() || info.standard_name.empty() || info.long_name.empty()) << name;
  }
  EXPECT_EQ(channel_info("z500").units, "m2 s-2");
  EXPECT_EQ(channel_info("z500").standard_name, "geopotential");
  EXPECT_EQ(channel_info("tcwv").standard_name, "atmosphere_mass_content_of_water_vapor");
  EXPECT_EQ(channel_info("q850").units, "kg kg-1");
}

TEST(Channels, NamesArePlainLevelsOnly) {
  for (const char* good : {"z1", "z1100", "w500", "r850", "t2m", "sp"}) EXPECT_TRUE(is_channel(good)) << good;
  for (const char* bad :
       {"", "z", "z0", "z050", "z1101", "z5000000000000", "z-5", "z5.0", "z500 ", "2d", "x500", "T850"}) {
    EXPECT_FALSE(is_channel(bad)) << bad;
  }
}

TEST(Channels, AnUnknownNameIsAnErrorWithTheNearestKnownOne) {
  EXPECT_THAT(error_of([] { channel_info("u10n"); }, ExitCode::bad_input), HasSubstr("did you mean 'u10m'"));
  EXPECT_THAT(error_of([] { channel_info("zz500"); }, ExitCode::bad_input), HasSubstr("did you mean 'z500'"));
  EXPECT_THAT(error_of([] { channel_info("precipitation"); }, ExitCode::bad_input), HasSubstr("'precipitation'"));
}

TEST(Channels, APackagesDewPointIsD2m) {
  EXPECT_EQ(canonical_channel("2d"), "d2m");
  EXPECT_EQ(canonical_channel("z500"), "z500");
}

TEST(Channels, HumidityIsClippedAndNothingElse) {
  int clipped = 0;
  for (const std::string& name : hens_channels()) clipped += is_clipped_at_zero(name);
  EXPECT_EQ(clipped, 14);
  EXPECT_TRUE(is_clipped_at_zero("tcwv") && is_clipped_at_zero("q50") && is_clipped_at_zero("r500"));
  EXPECT_FALSE(is_clipped_at_zero("t2m") || is_clipped_at_zero("d2m"));
}

TEST(Channels, PositionsFollowTheOrderAskedFor) {
  EXPECT_EQ(channel_positions({"z500", "u10m"}, hens_channels()), (std::vector<int>{42, 0}));
  const std::string message = error_of([] { channel_positions({"q51"}, {"q50", "z500"}); }, ExitCode::bad_spec);
  EXPECT_THAT(message, HasSubstr("'q51'"));
  EXPECT_THAT(message, HasSubstr("q50 z500"));
}

}  // namespace
}  // namespace hens
