#include "statistics/lattice.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "grid/derived_variables.h"

namespace hens {
namespace {

constexpr FixedPoint kelvin{250.0, 32'768.0};

TEST(FixedPoint, RoundsHalvesToTheEvenInteger) {
  const FixedPoint whole{0.0, 1.0};
  EXPECT_EQ(fixed_of(whole, 2.5f), 2);
  EXPECT_EQ(fixed_of(whole, 3.5f), 4);
  EXPECT_EQ(fixed_of(whole, -2.5f), -2);
}

TEST(FixedPoint, KeepsEachFloatOfATemperatureApart) {
  const float warm = 300.0f, next = std::nextafter(warm, 400.0f);
  EXPECT_EQ(fixed_of(kelvin, next) - fixed_of(kelvin, warm), 1);
}

TEST(FixedPoint, RefusesWhatIsNoForecast) {
  EXPECT_EQ(fixed_of(kelvin, std::numeric_limits<float>::quiet_NaN()), out_of_range);
  EXPECT_EQ(fixed_of(kelvin, std::numeric_limits<float>::infinity()), out_of_range);
  EXPECT_EQ(fixed_of(kelvin, 250.0f + 512.0f), out_of_range);
  EXPECT_EQ(fixed_of(kelvin, 250.0f + 511.0f), 511 * 32'768);
  EXPECT_EQ(fixed_of(kelvin, 250.0f - 512.0f), out_of_range);
}

TEST(FixedPoint, ASumHasRoomForItsTerms) {
  const FixedPoint sum = fixed_point_of_sum(kelvin, 5);
  EXPECT_EQ(sum, (FixedPoint{1250.0, 4096.0}));
  EXPECT_NE(fixed_of(sum, 5 * (250.0f + 511.0f)), out_of_range);
}

TEST(Lattice, BinsBeginAtMultiplesOfTheWidth) {
  const Lattice half{0.5};
  EXPECT_EQ(bin_of(half, 0.0f), 0);
  EXPECT_EQ(bin_of(half, 0.49f), 0);
  EXPECT_EQ(bin_of(half, 0.5f), 1);
  EXPECT_EQ(bin_of(half, -0.1f), -1);
  EXPECT_EQ(lower_edge(half, -1), -0.5);
}

TEST(Lattice, FarBinsStopWhereIntegersDo) {
  EXPECT_EQ(bin_of({1e-9}, 1e9f), (1 << 30) - 1);
  EXPECT_EQ(bin_of({1e-9}, -1e9f), -(1 << 30));
}

// The lattice of humidity: each value lies in its bin, bins join, and none is wider than 1/32.
TEST(Lattice, OctavesHaveBinsOfAFewPercent) {
  const Lattice octaves;
  for (const float x : {0.0f, 1e-12f, 1e-9f, 3e-6f, 0.00123f, 0.02f, -1e-12f, -3e-6f, -0.5f}) {
    const int32_t bin = bin_of(octaves, x);
    EXPECT_LE(lower_edge(octaves, bin), x) << x;
    EXPECT_GE(lower_edge(octaves, bin + 1), x) << x;
  }
  for (int32_t bin = 1; bin < 900; ++bin) {
    const double low = lower_edge(octaves, bin), high = lower_edge(octaves, bin + 1);
    EXPECT_EQ(bin_of(octaves, static_cast<float>(low)), bin);
    EXPECT_LE((high - low) / low, 1.0 / 32.0);
    EXPECT_GE((high - low) / low, 1.0 / 64.0);
  }
}

// What the channels are in nature has to fit.
TEST(Kind, EachChannelOfTheModelsHasOne) {
  for (const std::string& channel : hens_channels()) EXPECT_GT(kind_of(channel).fixed.scale, 0.0) << channel;
  EXPECT_NE(fixed_of(kind_of("z500").fixed, 9.80665f * 6000.0f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("z50").fixed, 9.80665f * 21'000.0f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("z1000").fixed, 9.80665f * -600.0f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("msl").fixed, 108'500.0f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("q850").fixed, 0.03f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("q250").fixed, 0.0008f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("u250").fixed, 130.0f), out_of_range);
}

TEST(Kind, EachDerivedVariableHasOne) {
  for (const std::string& name : derived_examples()) EXPECT_GT(kind_of(name).fixed.scale, 0.0) << name;
  EXPECT_EQ(kind_of("ws10m").fixed, kind_of("u10m").fixed);
  EXPECT_EQ(kind_of("r2m").fixed, kind_of("r850").fixed);
  EXPECT_EQ(kind_of("sp_from_levels").fixed, kind_of("sp").fixed);
  EXPECT_NE(fixed_of(kind_of("heat_index").fixed, 600.0f), out_of_range);  // 330 K, saturated
  EXPECT_NE(fixed_of(kind_of("heat_index").fixed, 180.0f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("ivt").fixed, 4000.0f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("thickness_50_1000").fixed, 21'000.0f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("thickness_925_1000").fixed, 500.0f), out_of_range);
  EXPECT_NE(fixed_of(kind_of("vpd2m").fixed, 250.0f), out_of_range);  // at 65 C
}

}  // namespace
}  // namespace hens
