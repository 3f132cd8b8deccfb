#include "store/blosc.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "base/checksum.h"

namespace hens {
namespace {

std::vector<float> smooth_field(size_t points) {
  std::vector<float> field(points);
  for (size_t k = 0; k < points; ++k) field[k] = static_cast<float>(k % 360) * 0.25F;
  return field;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class Blosc : public testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(Codecs, Blosc, testing::Values(Compression::lz4, Compression::zstd),
                         [](const auto& info) { return info.param == Compression::lz4 ? "lz4" : "zstd"; });

TEST_P(Blosc, GivesBackEachBit) {
  std::vector<float> field = smooth_field(20000);
  field[7] = -0.0F;
  field[8] = std::numeric_limits<float>::denorm_min();
  field[9] = std::numeric_limits<float>::infinity();
  const uint32_t odd_nan = 0x7fc12345;
  std::memcpy(&field[10], &odd_nan, sizeof odd_nan);
  const std::vector<std::byte> bytes = blosc_compress(GetParam(), field);
  EXPECT_LT(bytes.size(), field.size() * sizeof(float) / 4) << "a smooth field shrinks";
  std::vector<float> back(field.size());
  ASSERT_TRUE(blosc_decompress(bytes, back));
  EXPECT_TRUE(same_bits(back, field));
}

TEST_P(Blosc, TakesWhatDoesNotShrink) {
  std::vector<float> field(5000);
  uint32_t state = 1;
  for (float& value : field) {
    state = state * 1664525U + 1013904223U;
    std::memcpy(&value, &state, sizeof value);
  }
  std::vector<float> back(field.size());
  ASSERT_TRUE(blosc_decompress(blosc_compress(GetParam(), field), back));
  EXPECT_TRUE(same_bits(back, field));
}

TEST_P(Blosc, RefusesBytesOfAnotherSizeAndRubbish) {
  const std::vector<std::byte> bytes = blosc_compress(GetParam(), smooth_field(1000));
  std::vector<float> shorter(999), longer(1001), right(1000);
  EXPECT_FALSE(blosc_decompress(bytes, shorter));
  EXPECT_FALSE(blosc_decompress(bytes, longer));
  EXPECT_FALSE(blosc_decompress(std::span(bytes).first(bytes.size() - 1), right));
  EXPECT_FALSE(blosc_decompress({}, right));
  EXPECT_FALSE(blosc_decompress(std::vector<std::byte>(bytes.size(), std::byte{0xff}), right));
}

}  // namespace
}  // namespace hens
