// Bit rounding against its law: the nearest number of so many bits, ties to even, whatever the number is.
#include "store/bit_rounding.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

uint32_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }
float float_of(uint32_t bits) { return std::bit_cast<float>(bits); }

// Numbers of `bits` bits next to a finite `value`: towards zero, and away from it (an infinity beyond the largest).
struct Neighbours {
  float lower, upper;
};
Neighbours neighbours(float value, int bits) {
  const uint32_t step = uint32_t{1} << (mantissa_bits - bits), low = bits_of(value) & ~(step - 1);
  return {float_of(low), float_of(low + step)};  // of the next binade after the last of one
}

// In double, which holds differences of neighbouring float32 exactly.
void expect_nearest(float value, int bits) {
  const float rounded = round_mantissa(value, bits);
  const auto [lower, upper] = neighbours(value, bits);
  const double to_lower = std::abs(static_cast<double>(value) - lower),
               to_upper = std::abs(static_cast<double>(upper) - value);
  const bool last_bit_even = (bits_of(lower) >> (mantissa_bits - bits) & 1) == 0;
  const bool down = !std::isfinite(upper) || to_lower < to_upper || (to_lower == to_upper && last_bit_even);
  EXPECT_EQ(bits_of(rounded), bits_of(down ? lower : upper)) << value << ", " << bits << " bits";
  EXPECT_EQ(bits_of(round_mantissa(rounded, bits)), bits_of(rounded)) << "idempotent";
}

TEST(BitRounding, GivesTheNearestNumberOfSoManyBits) {
  std::mt19937 random(7);
  for (int bits = 1; bits < mantissa_bits; ++bits) {
    for (int k = 0; k < 20'000; ++k) {
      const float value = float_of(random());
      if (std::isfinite(value)) expect_nearest(value, bits);
    }
  }
}

TEST(BitRounding, TakesTiesToEven) {
  EXPECT_EQ(round_mantissa(1.0F + 1.0F / 16, 3), 1.0F);
  EXPECT_EQ(round_mantissa(1.0F + 3.0F / 16, 3), 1.25F);
  EXPECT_EQ(round_mantissa(-1.0F - 1.0F / 16, 3), -1.0F);
  EXPECT_EQ(round_mantissa(1.9375F, 3), 2.0F) << "a carry goes into the exponent";
  for (int bits = 1; bits < mantissa_bits; ++bits) {
    const uint32_t half = uint32_t{1} << (mantissa_bits - bits - 1);
    for (const uint32_t step : {0U, 1U, 2U, 3U}) expect_nearest(float_of(0x43800000U + (2 * step + 1) * half), bits);
  }
}

TEST(BitRounding, ErrsByAtMostHalfAStep) {
  std::mt19937 random(11);
  for (int bits = 1; bits < mantissa_bits; ++bits) {
    for (int k = 0; k < 5'000; ++k) {
      const float value = float_of(random());
      if (!std::isnormal(value) || std::abs(value) > 1e38F) continue;
      const double error = std::abs(static_cast<double>(round_mantissa(value, bits)) - value);
      EXPECT_LE(error, rounding_error(bits) * std::abs(static_cast<double>(value))) << value << ", " << bits << " bits";
    }
  }
}

TEST(BitRounding, KeepsWhatIsNoNumberAndKeepsNumbersFinite) {
  constexpr float infinity = std::numeric_limits<float>::infinity(), most = std::numeric_limits<float>::max();
  for (int bits = 1; bits <= mantissa_bits; ++bits) {
    for (const uint32_t nan : {0x7fc00001U, 0x7f800001U, 0xffffffffU, 0xffc00000U}) {
      std::vector<float> kept(1);
      round_mantissas(std::vector{float_of(nan)}, bits, kept);
      EXPECT_EQ(bits_of(kept[0]), nan) << bits << " bits: a payload, too";
    }
    EXPECT_EQ(round_mantissa(infinity, bits), infinity);
    EXPECT_EQ(round_mantissa(-infinity, bits), -infinity);
    EXPECT_TRUE(std::isfinite(round_mantissa(most, bits))) << bits;
    EXPECT_EQ(bits_of(round_mantissa(-0.0F, bits)), 0x80000000U);
  }
  EXPECT_EQ(round_mantissa(most, 1), 1.5F * std::ldexp(1.0F, 127));
}

TEST(BitRounding, LeavesAllBitsWhereAllAreKept) {
  EXPECT_EQ(round_mantissa(float_of(0x3f9e0651U), mantissa_bits), float_of(0x3f9e0651U));
  EXPECT_EQ(rounding_error(mantissa_bits), 0.0);
  EXPECT_EQ(rounding_error(9), 1.0 / 1024);
  EXPECT_TRUE(rounding_attributes(mantissa_bits).empty());
}

class RoundedStore : public testing::TestWithParam<test::LayoutCase> {};
INSTANTIATE_TEST_SUITE_P(Layouts, RoundedStore, testing::ValuesIn(test::layout_cases),
                         [](const auto& info) { return info.param.name; });

TEST_P(RoundedStore, HoldsEachVariableWithItsBits) {
  const test::TemporaryFolder folder;
  StoreLayout layout = test::toy_layout(GetParam());
  layout.keep_bits = {5, mantissa_bits};
  const auto store = open_store(folder / "s", layout);
  test::write_all(*store);
  std::vector<float> expected = test::toy_field(layout, 0, 1, 1, 2), rounded(expected.size());
  round_mantissas(expected, 5, rounded);
  EXPECT_NE(expected, rounded);
  EXPECT_EQ(store->read(0, 1, 1, 2), rounded);
  EXPECT_EQ(store->read(1, 1, 1, 2), test::toy_field(layout, 1, 1, 1, 2));
}

TEST(RoundedStoreAttributes, SayBitsAndError) {
  const auto attributes = rounding_attributes(9);
  EXPECT_EQ(attributes.at("quantization_nsb"), 9);
  EXPECT_EQ(attributes.at("_QuantizeBitRoundNumberOfSignificantBits"), 9);
  EXPECT_THAT(attributes.at("comment").get<std::string>(), testing::HasSubstr("error at most 0.000977"));
}

}  // namespace
}  // namespace hens
