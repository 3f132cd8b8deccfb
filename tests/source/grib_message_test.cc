// Decoding: every packing, scanning mode and origin of longitudes; framing of untrusted bytes. The numbers are those of
// ecCodes' command line tools (grib_get, grib_get_data).
#include "source/grib_message.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "source/grid_match.h"
#include "source/source_fixtures.h"
#include "support/compare.h"

namespace hens {
namespace {

using test::data_root;
using test::error_text;
using ::testing::HasSubstr;

std::span<const std::byte> as_span(const std::string& bytes) { return std::as_bytes(std::span(bytes)); }

std::string sample(const std::string& name) { return read_file(data_root() / "data/packing" / name); }

// The message of `file` that holds `field`.
std::string message_of(const std::string& file, const std::string& field) {
  for (const auto message : split_grib_messages(as_span(file), "file")) {
    if (read_grib_label(message, "file").field == field) {
      return {reinterpret_cast<const char*>(message.data()), message.size()};
    }
  }
  ADD_FAILURE() << "no " << field;
  return "";
}

struct Packing {
  const char *file, *field;
  int nlat, nlon;
  double low, high, mean;  // to 6 digits
};

class GribPacking : public ::testing::TestWithParam<Packing> {};

TEST_P(GribPacking, DecodesToTheValuesOfTheReferenceTools) {
  HENS_REQUIRE_DATA("data/packing");
  const Packing& p = GetParam();
  const std::string file = sample(p.file);
  const GribField field = decode_grib(as_span(*p.field ? message_of(file, p.field) : file), p.file);
  EXPECT_EQ(field.label.field, p.field);
  ASSERT_EQ(field.lat.size(), static_cast<size_t>(p.nlat));
  ASSERT_EQ(field.lon.size(), static_cast<size_t>(p.nlon));
  ASSERT_EQ(field.values.size(), field.lat.size() * field.lon.size());
  const double mean = std::accumulate(field.values.begin(), field.values.end(), 0.0) / field.values.size();
  EXPECT_NEAR(*std::ranges::min_element(field.values), p.low, 1e-5 * std::abs(p.low));
  EXPECT_NEAR(*std::ranges::max_element(field.values), p.high, 1e-5 * std::abs(p.high));
  EXPECT_NEAR(mean, p.mean, 1e-5 * std::abs(p.mean));
}

INSTANTIATE_TEST_SUITE_P(
    Samples, GribPacking,
    ::testing::Values(
        Packing{"gfs.20201026.t00z.0p25.f024.hgt500.complex.grib2", "gh500", 721, 1440, 4674.74, 5948.62, 5497.87},
        Packing{"gfs.20220210.t00z.0p25.f024.hgt500.jpeg.grib2", "gh500", 721, 1440, 4820.59, 5950.23, 5507.54},
        Packing{"gfs.20220210.t00z.0p25.f024.hgt500.png.grib2", "gh500", 721, 1440, 4820.59, 5950.23, 5507.54},
        Packing{"gfs.20260618.t00z.1p00.anl.t2m.grib2", "t2m", 181, 360, 206.763, 315.563, 281.029},
        Packing{"ifs.20250115.18z.f024.0p25.t2m-msl.grib2", "t2m", 721, 1440, 218.689, 316.658, 277.695},  // CCSDS
        Packing{"ifs.20250115.18z.f024.0p25.t2m-msl.grib2", "msl", 721, 1440, 94984, 104124, 101002},
        Packing{"gfs.20230318.t00z.pgrb2.0p25.f000.tsfc", "", 721, 1440, 207.3, 324.5, 276.57},
        Packing{"gdas.20230111.t12z.pgrb2.0p25.f000.msg12", "", 721, 1440, 0, 115000, 6000.21},
        Packing{"gdas.20230111.t12z.pgrb2.0p25.f000.msg46", "", 721, 1440, 0, 0, 0},  // constant, in 210 bytes
        Packing{"regional.gfs.20200728.t12z.f000.0p25", "t2m", 33, 49, 290.7, 307.7, 299.264}),  // simple
    [](const auto& info) { return "Sample" + std::to_string(info.index); });

TEST(GribMessage, JpegAndPngOfOneFieldAgree) {
  HENS_REQUIRE_DATA("data/packing");
  const auto jpeg = decode_grib(as_span(sample("gfs.20220210.t00z.0p25.f024.hgt500.jpeg.grib2")), "jpeg");
  const auto png = decode_grib(as_span(sample("gfs.20220210.t00z.0p25.f024.hgt500.png.grib2")), "png");
  EXPECT_TRUE(test::all_near(jpeg.values, png.values, 0.0)) << "both store the same integers without loss";
}

TEST(GribMessage, LabelsSayWhatWhereAndWhen) {
  HENS_REQUIRE_DATA("data/packing");
  const std::string ifs = message_of(sample("ifs.20250115.18z.f024.0p25.t2m-msl.grib2"), "t2m");
  const GribLabel label = read_grib_label(as_span(ifs), "ifs");
  EXPECT_EQ(label.text, "2t, heightAboveGround 2");
  EXPECT_EQ(label.reference_time, parse_time("2025-01-15T18:00"));
  EXPECT_EQ(label.valid_time, parse_time("2025-01-16T18:00"));
  const std::string surface = sample("gfs.20230318.t00z.pgrb2.0p25.f000.tsfc");
  EXPECT_EQ(read_grib_label(as_span(surface), "gfs").field, "") << "the ground's temperature is no channel";
}

TEST(GribMessage, LongitudesMayStartAtTheDateLine) {
  HENS_REQUIRE_DATA("data/packing");
  const std::string ifs = message_of(sample("ifs.20250115.18z.f024.0p25.t2m-msl.grib2"), "t2m");
  const GribField field = decode_grib(as_span(ifs), "ifs");
  const GridMatch match = match_grid(field.lat, field.lon, equiangular_grid(721, 1440), "ifs");
  EXPECT_EQ(match.column[0], 720) << "Greenwich is in the middle of the file's rows";
  const auto points = take_points(field.values, 1440, 1, match);
  EXPECT_NEAR(points[180 * 1440 + 400], 258.033, 5e-4) << "45 N 100 E";
  EXPECT_NEAR(points[660 * 1440], 251.627, 5e-4) << "75 S 0 E";
}

TEST(GribMessage, RowsFromSouthToNorthAreTurned) {
  HENS_REQUIRE_DATA("data/packing");
  const std::string message = message_of(sample("regional.gfs.20200728.t12z.f000.0p25"), "t2m");
  const GribField field = decode_grib(as_span(message), "regional");
  EXPECT_LT(field.lat.front(), field.lat.back());
  const LatLonGrid wanted{{56.0, 52.0, 48.25, 48.0}, {13.0, 13.25, 25.0}};
  const auto points = take_points(field.values, 49, 1, match_grid(field.lat, field.lon, wanted, "regional"));
  const std::vector<double> expected{302.5, 302.4, 296.8};  // 48 N
  EXPECT_TRUE(test::all_near(std::vector<double>(points.end() - 3, points.end()), expected, 1e-6));
  EXPECT_NEAR(points[2], 297.0, 1e-6) << "56 N 25 E";
  EXPECT_NEAR(points[6], 303.2, 1e-6) << "48.25 N 13 E";
}

// Section 3 of an edition 2 message: the grid.
size_t grid_section(const std::string& message) {
  size_t at = 16;
  while (message[at + 4] != 3) {
    size_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(message[at + i]);
    at += length;
  }
  return at;
}

constexpr size_t scanning_mode = 71, first_longitude = 50, last_longitude = 59;  // offsets in section 3, template 3.0

TEST(GribMessage, ScanningModesOnlyMoveTheValues) {
  HENS_REQUIRE_DATA("data/packing");
  std::string message = message_of(sample("regional.gfs.20200728.t12z.f000.0p25"), "t2m");
  const size_t grid = grid_section(message);
  const GribField plain = decode_grib(as_span(message), "regional");
  const size_t nlat = plain.lat.size(), nlon = plain.lon.size();

  std::string columns = message;
  columns[grid + scanning_mode] |= 0x20;
  const GribField by_columns = decode_grib(as_span(columns), "columns");
  std::string snake = message;
  snake[grid + scanning_mode] |= 0x10;
  const GribField boustrophedon = decode_grib(as_span(snake), "snake");
  for (size_t i = 0; i < nlat; ++i) {
    for (size_t j = 0; j < nlon; ++j) {
      ASSERT_EQ(by_columns.values[i * nlon + j], plain.values[j * nlat + i]);
      ASSERT_EQ(boustrophedon.values[i * nlon + j], plain.values[i * nlon + (i % 2 ? nlon - 1 - j : j)]);
    }
  }

  std::string westward = message;
  westward[grid + scanning_mode] |= static_cast<char>(0x80);
  std::swap_ranges(westward.begin() + grid + first_longitude, westward.begin() + grid + first_longitude + 4,
                   westward.begin() + grid + last_longitude);
  const GribField field = decode_grib(as_span(westward), "westward");
  EXPECT_EQ(field.values, plain.values);
  for (size_t j = 0; j < nlon; ++j) EXPECT_NEAR(field.lon[j], 25.0 - 0.25 * j, 1e-9);
}

TEST(GribMessage, PointsThatTheBitmapLeavesOutAreNotANumber) {
  HENS_REQUIRE_DATA(test::gfs_sample);
  const std::string file = read_file(data_root() / test::gfs_sample);
  const auto soil = split_grib_messages(as_span(file), "gfs").at(219);  // message 220: temperature of the soil
  const GribField field = decode_grib(soil, "gfs");
  EXPECT_EQ(std::ranges::count_if(field.values, [](double v) { return std::isnan(v); }), 6919);
  EXPECT_EQ(field.values.size(), 73u * 144u);
}

TEST(GribMessage, AFileSplitsIntoItsMessages) {
  HENS_REQUIRE_DATA(test::gfs_sample);
  std::string file = read_file(data_root() / test::gfs_sample);
  EXPECT_EQ(split_grib_messages(as_span(file), "gfs").size(), 322u);
  const std::string padded = "junk before" + file.substr(0, 10410) + std::string(7, '\0') + file.substr(10410);
  EXPECT_EQ(split_grib_messages(as_span(padded), "padded").size(), 322u);
}

TEST(GribMessage, TruncationAnywhereIsAnErrorWithThePlace) {
  HENS_REQUIRE_DATA(test::gfs_sample);
  const std::string two = read_file(data_root() / test::gfs_sample).substr(0, 21155);  // messages of 10410 and 10745
  for (const size_t bytes : {4u, 15u, 16u, 100u, 5000u, 10409u, 10414u, 10500u, 21154u}) {
    const std::string cut = two.substr(0, bytes);
    const std::string message =
        error_text([&] { split_grib_messages(as_span(cut), "cut.grib2"); }, ExitCode::bad_input);
    EXPECT_THAT(message, HasSubstr(bytes <= 10410 ? "cut.grib2: message at byte 0" : "message at byte 10410")) << bytes;
    EXPECT_NO_THROW(split_grib_messages(as_span(two), "whole"));
  }
  EXPECT_THAT(error_text([] { split_grib_messages({}, "empty"); }, ExitCode::bad_input), HasSubstr("empty"));
}

// Whatever the bytes say, the answer is a field or an Error, and memory stays bounded.
TEST(GribMessage, FlippedBitsInTheHeadersNeverEscapeAsAnythingButAnError) {
  HENS_REQUIRE_DATA("data/packing");
  const std::string message = message_of(sample("regional.gfs.20200728.t12z.f000.0p25"), "t2m");
  int refused = 0;
  for (size_t byte = 16; byte < 200; ++byte) {
    for (const int bit : {0, 3, 7}) {
      std::string flipped = message;
      flipped[byte] ^= static_cast<char>(1 << bit);
      try {
        decode_grib(as_span(flipped), "flipped");
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::bad_input);
        EXPECT_THAT(error.what(), HasSubstr("flipped"));
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace hens
