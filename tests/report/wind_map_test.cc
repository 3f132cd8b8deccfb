// Facts about the map: places, colours, sizes, and a JPEG that any reader can open.
#include "report/maps/wind_map.h"

#include <cstdio>

#include <gtest/gtest.h>
// jpeglib.h needs stdio's FILE before it.
#include <algorithm>
#include <cmath>
#include <jpeglib.h>
#include <set>

#include "report/maps/jpeg.h"
#include "report/maps/map_panel.h"

namespace hens {
namespace {

Picture decode_jpeg(const std::string& bytes) {
  jpeg_decompress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&codec, TRUE);
  jpeg_start_decompress(&codec);
  Picture picture{static_cast<int>(codec.output_width), static_cast<int>(codec.output_height), {}};
  picture.rgb.resize(static_cast<size_t>(picture.width) * picture.height * 3);
  while (codec.output_scanline < codec.output_height) {
    JSAMPROW row = picture.rgb.data() + static_cast<size_t>(codec.output_scanline) * picture.width * 3;
    jpeg_read_scanlines(&codec, &row, 1);
  }
  jpeg_finish_decompress(&codec);
  jpeg_destroy_decompress(&codec);
  return picture;
}

// A westerly jet at 45 degrees of both hemispheres, stronger by member.
WindStatistics jet(const LatLonGrid& grid, int members) {
  WindAccumulator wind(grid.points());
  for (int member = 0; member < members; ++member) {
    std::vector<float> u(grid.points()), v(grid.points(), 0.5F);
    for (size_t i = 0; i < u.size(); ++i) {
      const double lat = std::abs(grid.lat[i / grid.nlon()]);
      u[i] = static_cast<float>((20.0 + member) * std::exp(-std::pow((lat - 45.0) / 12.0, 2)));
    }
    wind.add(u, v, "jet");
  }
  return wind.statistics();
}

MapInput example(int models, int members) {
  MapInput input{"example", parse_time("2024-01-01T00"), std::chrono::hours(24), 4, equiangular_grid(37, 72), {}};
  for (int m = 0; m < models; ++m) input.models.push_back({"model_" + std::to_string(m), jet(input.grid, members)});
  return input;
}

std::array<uint8_t, 3> colour_at(const Picture& picture, int x, int y) {
  const uint8_t* rgb = &picture.rgb[(static_cast<size_t>(y) * picture.width + x) * 3];
  return {rgb[0], rgb[1], rgb[2]};
}

TEST(FieldSampler, MeetsTheGridPointsAndClosesAroundTheGlobe) {
  const LatLonGrid grid = equiangular_grid(19, 36);
  std::vector<float> field(grid.points());
  for (size_t i = 0; i < field.size(); ++i) field[i] = static_cast<float>((i * 7919) % 101);
  const FieldSampler sampler(grid, field);
  for (int i = 0; i < grid.nlat(); ++i) {
    for (int j = 0; j < grid.nlon(); ++j) {
      const double expected = field[static_cast<size_t>(i) * 36 + j];
      EXPECT_NEAR(sampler.at({grid.lat[i], grid.lon[j]}), expected, 1e-9);
      EXPECT_NEAR(sampler.at({grid.lat[i], grid.lon[j] - 360.0}), expected, 1e-9);
    }
  }
}

TEST(FieldSampler, IsExactForAPlaneInLatitudeAndFlatForAConstant) {
  const LatLonGrid grid = equiangular_grid(19, 36);
  std::vector<float> plane(grid.points());
  for (size_t i = 0; i < plane.size(); ++i) plane[i] = static_cast<float>(grid.lat[i / 36]);
  const FieldSampler sampler(grid, plane);
  for (double lat = -78.0; lat < 80.0; lat += 3.7) EXPECT_NEAR(sampler.at({lat, 123.4}), lat, 1e-9);
  const std::vector<float> constant(grid.points(), 4.0F);
  EXPECT_NEAR(FieldSampler(grid, constant).at({89.9, -179.9}), 4.0, 1e-12);
}

TEST(MapPanel, PixelsAndPlacesAgree) {
  const MapPanel panel({100.0, 50.0}, 900);
  EXPECT_NEAR(panel.pixel({0, -180}).x, 100.0, 1e-9);
  EXPECT_NEAR(panel.pixel({0, 180}).x, 1000.0, 1e-9);
  EXPECT_NEAR(panel.pixel({90, 0}).y, 50.0, 1e-9);
  EXPECT_LT(panel.pixel({60, 0}).y, panel.pixel({30, 0}).y) << "north is up";
  const auto place = panel.geo(panel.pixel({37.0, -122.0}));
  ASSERT_TRUE(place);
  EXPECT_NEAR(place->lat, 37.0, 1e-9);
  EXPECT_NEAR(place->lon, -122.0, 1e-9);
  EXPECT_FALSE(panel.geo({101.0, 51.0})) << "the corner is outside the outline";
}

TEST(WindMap, HasARowForEachModel) {
  const Picture one = draw_wind_map(example(1, 2), {}), two = draw_wind_map(example(2, 2), {});
  EXPECT_EQ(one.width, 2000);
  EXPECT_EQ(two.width, 2000);
  EXPECT_GT(two.height, one.height + MapPanel::height_of(800));
  EXPECT_EQ(two.rgb.size(), static_cast<size_t>(two.width) * two.height * 3);
}

// Cairo rounds a channel its own way, to the byte below or above.
bool nearly_among(const std::set<std::array<uint8_t, 3>>& colours, const Colour& wanted) {
  return std::any_of(colours.begin(), colours.end(), [&](const std::array<uint8_t, 3>& colour) {
    return std::abs(colour[0] - 255.0 * wanted.red) <= 1.0 && std::abs(colour[1] - 255.0 * wanted.green) <= 1.0 &&
           std::abs(colour[2] - 255.0 * wanted.blue) <= 1.0;
  });
}

TEST(WindMap, ShowsTheFieldsInTheirColours) {
  const MapInput input = example(1, 4);
  const Picture picture = draw_wind_map(input, {});
  std::set<std::array<uint8_t, 3>> colours;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) colours.insert(colour_at(picture, x, y));
  }
  for (const auto& [palette, field] : {std::pair{Palette::wind, &input.models[0].wind.mean_speed},
                                       std::pair{Palette::spread, &input.models[0].wind.spread}}) {
    const BandScale scale = make_scale(palette, area_quantile(*field, input.grid.lat, 0.999));
    for (const Colour& band : scale.bands) EXPECT_TRUE(nearly_among(colours, band)) << "each band is in the legend";
  }
}

TEST(WindMap, SurvivesCalmAirOneMemberAndManyModels) {
  MapInput calm = example(1, 1);
  for (auto* field : {&calm.models[0].wind.mean_u, &calm.models[0].wind.mean_v, &calm.models[0].wind.mean_speed}) {
    std::fill(field->begin(), field->end(), 0.0F);
  }
  EXPECT_EQ(draw_wind_map(calm, {}).width, 2000);
  MapInput many = calm;
  many.models.resize(60, calm.models[0]);
  MapInput most = calm;
  most.models.resize(40, calm.models[0]);
  EXPECT_EQ(draw_wind_map(many, {}).height, draw_wind_map(most, {}).height);
}

TEST(WindMap, IsTheSamePictureEachTime) {
  const MapInput input = example(2, 2);
  EXPECT_EQ(draw_wind_map(input, {}).rgb, draw_wind_map(input, {}).rgb);
}

// Degree signs were boxes on machines without fonts.
TEST(Canvas, TextsAreReadableWithoutFonts) {
  EXPECT_EQ(in_ascii("60°N"), "60N");
  EXPECT_EQ(in_ascii("lead 24 hours   ·   valid"), "lead 24 hours   -   valid");
  EXPECT_EQ(in_ascii("models/Zürich–風"), "models/Z?rich??");
}

TEST(Jpeg, DecodesToThePicture) {
  const Picture picture = draw_wind_map(example(2, 2), {});
  const std::string bytes = encode_jpeg(picture, 92);
  EXPECT_EQ(bytes, encode_jpeg(picture, 92));
  const Picture back = decode_jpeg(bytes);
  ASSERT_EQ(back.width, picture.width);
  ASSERT_EQ(back.height, picture.height);
  double difference = 0.0;
  for (size_t i = 0; i < back.rgb.size(); ++i) difference += std::abs(back.rgb[i] - picture.rgb[i]);
  // Quality 92 at full colour resolution: two steps of 255 in the mean would be visible.
  EXPECT_LT(difference / static_cast<double>(back.rgb.size()), 2.0);
  const auto [least, most] = std::minmax_element(back.rgb.begin(), back.rgb.end());
  EXPECT_LT(*least, 80);
  EXPECT_GT(*most, 240);
}

}  // namespace
}  // namespace hens
