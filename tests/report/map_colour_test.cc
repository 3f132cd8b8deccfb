// Facts about the maps' colour scales.
#include "report/maps/map_colour.h"

#include <cmath>

#include <gtest/gtest.h>

#include "grid/lat_lon_grid.h"

namespace hens {
namespace {

TEST(OkLab, RoundTripsAndKnowsBlackAndWhite) {
  for (const Colour colour : {Colour{0.2, 0.5, 0.9}, Colour{1, 0, 0}, Colour{0.01, 0.02, 0.5}}) {
    const Colour back = from_oklab(to_oklab(colour));
    // The published matrices have ten digits; the curve near black steepens their error.
    EXPECT_NEAR(back.red, colour.red, 1e-5);
    EXPECT_NEAR(back.green, colour.green, 1e-5);
    EXPECT_NEAR(back.blue, colour.blue, 1e-5);
  }
  EXPECT_NEAR(to_oklab({1, 1, 1}).lightness, 1.0, 1e-6);
  EXPECT_NEAR(to_oklab({0, 0, 0}).lightness, 0.0, 1e-12);
}

TEST(Palette, LightnessFallsFromEndToEnd) {
  for (const Palette palette : {Palette::wind, Palette::spread}) {
    double lightness = 1.0;
    for (int i = 0; i <= 100; ++i) {
      const double here = to_oklab(palette_colour(palette, i / 100.0)).lightness;
      // Colours that a screen cannot show are clipped, which moves lightness a little.
      EXPECT_LT(here, lightness + 0.002) << "at " << i << " %";
      lightness = here;
    }
    EXPECT_GT(to_oklab(palette_colour(palette, 0.0)).lightness, 0.95) << "nothing is nearly white";
    EXPECT_LT(to_oklab(palette_colour(palette, 1.0)).lightness, 0.40) << "much is dark";
  }
}

TEST(Palette, EndsHoldBeyondTheRange) {
  const Colour low = palette_colour(Palette::wind, -3.0), first = palette_colour(Palette::wind, 0.0);
  const Colour high = palette_colour(Palette::wind, 7.0), last = palette_colour(Palette::wind, 1.0);
  EXPECT_EQ(low.red, first.red);
  EXPECT_EQ(high.blue, last.blue);
}

TEST(BandScale, RangesLieInEightToSixteenRoundBandsAndSignsAreSymmetric) {
  for (double low = -1e5; low < 1e5; low += 911.0) {
    for (double range = 1e-1; range < 1e6; range *= 2.7) {
      for (const Palette palette : {Palette::temperature, Palette::signs}) {
        const BandScale scale = make_range_scale(palette, low, low + range);
        const double high = scale.low + scale.step * static_cast<double>(scale.bands.size());
        ASSERT_LE(scale.low, low + 1e-6 * scale.step);
        ASSERT_GE(high, low + range - 1e-6 * scale.step);
        ASSERT_LE(scale.bands.size(), 17U) << low << " " << range;
        ASSERT_GE(scale.bands.size(), 6U) << low << " " << range;
        if (palette != Palette::signs) continue;
        ASSERT_NEAR(scale.low, -high, 1e-9 * high);
      }
    }
  }
}

TEST(BandScale, BandsCoverTheRangeInRoundSteps) {
  for (double top = 1e-3; top < 1e3; top *= 1.37) {
    const BandScale scale = make_scale(Palette::wind, top);
    const auto within = static_cast<double>(scale.bands.size() - 1);
    EXPECT_GE(scale.bands.size(), 9U);
    EXPECT_LE(scale.bands.size(), 17U);
    EXPECT_GE(within * scale.step, top * (1 - 1e-9));
    const double digits = scale.step / std::pow(10.0, std::floor(std::log10(scale.step) + 1e-9));
    EXPECT_TRUE(std::abs(digits - 1) < 1e-6 || std::abs(digits - 2) < 1e-6 || std::abs(digits - 2.5) < 1e-6 ||
                std::abs(digits - 5) < 1e-6)
        << scale.step;
  }
  EXPECT_EQ(make_scale(Palette::spread, 25.0).step, 2.0);
}

TEST(BandScale, EndsTakeWhatIsBeyond) {
  const BandScale scale = make_scale(Palette::wind, 25.0);
  EXPECT_EQ(scale.band(-1.0), 0);
  EXPECT_EQ(scale.band(0.0), 0);
  EXPECT_EQ(scale.band(1.999), 0);
  EXPECT_EQ(scale.band(2.0), 1);
  EXPECT_EQ(scale.band(1e9), static_cast<int>(scale.bands.size()) - 1);
}

TEST(BandScale, ZeroFieldHasAScale) { EXPECT_GT(make_scale(Palette::spread, 0.0).step, 0.0); }

TEST(AreaQuantile, CountsAreaNotPoints) {
  const LatLonGrid grid = equiangular_grid(181, 2);
  std::vector<float> latitude(grid.points());
  for (size_t i = 0; i < grid.points(); ++i) latitude[i] = static_cast<float>(grid.lat[i / 2]);
  EXPECT_NEAR(area_quantile(latitude, grid.lat, 0.5), 0.0, 1.0);
  // A quarter of the sphere lies north of 30 N. Rows are a degree apart.
  EXPECT_NEAR(area_quantile(latitude, grid.lat, 0.75), 30.0, 1.0);
}

}  // namespace
}  // namespace hens
