// Packed fields: ecCodes reads the numbers that the packing promises, to the last bit.
#include "store/grib_packing.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"
#include "grid/lat_lon_grid.h"
#include "store/grib_bytes.h"
#include "store/grib_header.h"
#include "support/eccodes_message.h"

namespace hens {
namespace {

using test::EccodesMessage;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// The field as a whole message of t2m.
std::vector<std::byte> message_of(const LatLonGrid& grid, const std::vector<float>& field, const GribPacking& packing) {
  const GribHeaders headers(grid, {});
  std::vector<std::byte> message =
      headers.header({.parameter = *grib_parameter("t2m"), .time = parse_time("2024-01-01"), .member = GribMember{}});
  pack_grib_field(field, packing, message);
  for (int k = 0; k < 4; ++k) message.push_back(std::byte{'7'});
  put_big_endian(message, 8, message.size(), 8);
  return message;
}

std::vector<float> unpacked(const std::vector<std::byte>& message, size_t points, double scale = 1.0) {
  std::vector<float> field(points, -1.0f);
  EXPECT_TRUE(unpack_grib_field(message, scale, field));
  return field;
}

void expect_same(const std::vector<double>& ours, const std::vector<double>& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t k = 0; k < ours.size(); ++k) {
    EXPECT_TRUE(ours[k] == theirs[k] || (std::isnan(ours[k]) && std::isnan(theirs[k])))
        << "point " << k << ": " << ours[k] << " and " << theirs[k];
  }
}

std::vector<double> widened(const std::vector<float>& field) { return {field.begin(), field.end()}; }

const LatLonGrid small = equiangular_grid(19, 36);

std::vector<float> random_field(float mean, float size, unsigned seed) {
  std::mt19937 bits(seed);
  std::normal_distribution<float> normal(mean, size);
  std::vector<float> field(small.points());
  for (float& value : field) value = normal(bits);
  return field;
}

// Each width of a sample that libaec treats in a way of its own, and one value alone.
TEST(GribPacking, IsReadByEcCodesToTheLastBit) {
  for (const int bits : {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 23, 24}) {
    SCOPED_TRACE(bits);
    const std::vector<float> field = random_field(-3.0f, 20.0f, static_cast<unsigned>(bits));
    const auto message = message_of(small, field, {.bits = bits});
    const EccodesMessage read(message);
    EXPECT_EQ(read.text("packingType"), "grid_ccsds");
    EXPECT_LE(read.number("bitsPerValue"), bits);
    EXPECT_GE(read.number("bitsPerValue"), bits - 1) << "the finest step that fits wastes less than a bit";
    expect_same(widened(unpacked(message, field.size())), read.values());
    // value = (R + X 2^E) / 10^D, and half a step off at most.
    const double quantum = std::ldexp(1.0, static_cast<int>(read.number("binaryScaleFactor")));
    EXPECT_EQ(read.number("decimalScaleFactor"), 0);
    const std::vector<double> values = read.values();
    for (size_t k = 0; k < field.size(); ++k) {
      EXPECT_LE(std::fabs(values[k] - field[k]), quantum / 2) << k;
      const double x = (values[k] - read.real("referenceValue")) / quantum;
      EXPECT_EQ(x, std::rint(x)) << k;
    }
  }
}

TEST(GribPacking, RoundsToTheLatticeHalvesToEven) {
  std::vector<float> field(small.points());
  for (size_t k = 0; k < field.size(); ++k) field[k] = 270.0f + static_cast<float>(k) / 64.0f;
  const auto message = message_of(small, field, {.exponent = -3});
  const std::vector<double> values = EccodesMessage(message).values();
  for (size_t k = 0; k < field.size(); ++k) EXPECT_EQ(values[k], std::rint(field[k] * 8.0) / 8.0) << k;
}

TEST(GribPacking, OfWhatWasUnpackedGivesTheSameBytes) {
  for (const int exponent : {-20, -10, -3, 0, 4}) {
    const auto message = message_of(small, random_field(280.0f, 25.0f, 3), {.exponent = exponent});
    const std::vector<float> back = unpacked(message, small.points());
    EXPECT_EQ(message_of(small, back, {.exponent = exponent}), message) << exponent;
  }
}

// 100 kPa in steps of 2^-20 would need 37 bits: a float32 has 24.
TEST(GribPacking, IsNoFinerThanFloat32) {
  const std::vector<float> field = random_field(100'000.0f, 900.0f, 4);
  const auto message = message_of(small, field, {.exponent = -20});
  EXPECT_EQ(EccodesMessage(message).number("binaryScaleFactor"), -7);  // 2^17 = 131072 > 100 kPa, 24 bits from there
  const std::vector<float> back = unpacked(message, field.size());
  for (size_t k = 0; k < field.size(); ++k) EXPECT_LE(std::fabs(back[k] - field[k]), 0.00390625f) << k;
}

TEST(GribPacking, KeepsAConstantFieldInNoBits) {
  for (const float value : {0.0f, -7.25f, 101'325.0f, 1.0e-7f, 3.0e38f, -1.0e-30f}) {
    const auto message = message_of(small, std::vector<float>(small.points(), value), {.bits = 16});
    EXPECT_EQ(EccodesMessage(message).number("bitsPerValue"), 0);
    EXPECT_EQ(unpacked(message, small.points()), std::vector<float>(small.points(), value));
    expect_same(widened(unpacked(message, small.points())), EccodesMessage(message).values());
  }
}

TEST(GribPacking, MissingValuesStayMissing) {
  std::vector<float> field = random_field(5.0f, 3.0f, 5);
  for (const size_t k : {0UL, 7UL, 8UL, 100UL, field.size() - 1}) field[k] = nan;
  const auto message = message_of(small, field, {.exponent = -11});
  const EccodesMessage read(message);
  EXPECT_EQ(read.number("bitmapPresent"), 1);
  EXPECT_EQ(read.number("numberOfMissing"), 5);
  const std::vector<double> values = read.values();
  for (size_t k = 0; k < field.size(); ++k) {
    EXPECT_EQ(std::isnan(values[k]), std::isnan(field[k])) << k;
    if (!std::isnan(field[k])) {
      EXPECT_LE(std::fabs(values[k] - field[k]), std::ldexp(1.0, -12)) << k;
    }
  }
  expect_same(widened(unpacked(message, field.size())), values);
}

TEST(GribPacking, AllMayBeMissing) {
  const auto message = message_of(small, std::vector<float>(small.points(), nan), {.exponent = -11});
  for (const double value : EccodesMessage(message).values()) EXPECT_TRUE(std::isnan(value));
  for (const float value : unpacked(message, small.points())) EXPECT_TRUE(std::isnan(value));
}

TEST(GribPacking, ScalesToGribsUnitsAndBack) {
  const auto message = message_of(small, std::vector<float>(small.points(), 12.5f), {.exponent = -4, .scale = 100.0});
  EXPECT_EQ(EccodesMessage(message).values()[0], 1250.0);
  EXPECT_EQ(unpacked(message, small.points(), 100.0)[0], 12.5f);
}

TEST(GribPacking, RefusesInfinity) {
  std::vector<float> field(small.points(), 1.0f);
  field[3] = -std::numeric_limits<float>::infinity();
  std::vector<std::byte> message;
  try {
    pack_grib_field(field, {}, message);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::not_finite);
  }
}

TEST(GribPacking, UnpacksNothingThatIsCutOrOfAnotherSize) {
  const auto message = message_of(small, random_field(280.0f, 25.0f, 3), {.exponent = -10});
  std::vector<float> field(small.points());
  for (size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(unpack_grib_field(std::span(message).first(size), 1.0, field)) << size;
  }
  field.resize(small.points() - 1);
  EXPECT_FALSE(unpack_grib_field(message, 1.0, field));
  field.resize(small.points() + 1);
  EXPECT_FALSE(unpack_grib_field(message, 1.0, field));
}

}  // namespace
}  // namespace hens
