// Facts about the keyed random numbers: published answers, exact bits, independence of everything but the key.
#include "job/member_key.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace hens {
namespace {

using Block = std::array<uint32_t, 4>;

constexpr Time midnight{std::chrono::sys_days{std::chrono::January / 1 / 2024}};
constexpr MemberKey key{.seed = 42, .initial_time = midnight, .model = 1, .pair = 3};

std::vector<float> normals(const MemberKey& who, uint32_t stream, size_t count, uint64_t first = 0) {
  std::vector<float> out(count);
  fill_normals(who, stream, out, first);
  return out;
}

std::vector<uint32_t> bits(const std::vector<float>& values) {
  std::vector<uint32_t> out;
  for (const float x : values) out.push_back(std::bit_cast<uint32_t>(x));
  return out;
}

// Mean of products: the correlation of two samples of mean 0 and variance 1.
double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum / static_cast<double>(a.size());
}

double moment(const std::vector<float>& sample, int power) {
  double sum = 0.0;
  for (const float x : sample) sum += std::pow(double{x}, power);
  return sum / static_cast<double>(sample.size());
}

// Known answers of Random123 (kat_vectors, "philox4x32 10").
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(FillNormals, KeepsItsBits) {
  // The first two agree with the layout in the header written out in another language, in double: -1.4583635792542065,
  // 1.8653765125575894.
  EXPECT_EQ(bits(normals(key, 0, 4)), (std::vector<uint32_t>{0xbfbaaba8, 0x3feec4a8, 0xbf9845e6, 0xbf0f4b55}));
  EXPECT_EQ(bits(normals(key, 12, 2)), (std::vector<uint32_t>{0xbeb0fd03, 0x3f324c67}));
  EXPECT_EQ(bits(normals(key, 0, 2, 1000000)), (std::vector<uint32_t>{0x3e646ec8, 0x3f0cccec}));
}

TEST(FillNormals, ReachesTheSameNumberFromAnyStart) {
  const auto whole = normals(key, 7, 1001);
  for (const uint64_t first : {0u, 1u, 2u, 499u, 1000u}) {
    const auto part = normals(key, 7, whole.size() - first, first);
    EXPECT_TRUE(std::ranges::equal(part, std::span(whole).subspan(first))) << "from " << first;
  }
  EXPECT_EQ(normals(key, 7, 1, 500), std::vector<float>{whole[500]});
}

TEST(FillNormals, GivesEveryFieldOfTheKeyItsOwnNumbers) {
  const std::vector<std::pair<MemberKey, uint32_t>> keys{{key, 0},
                                                         {key, 1},
                                                         {key, 1u << 31},
                                                         {{43, midnight, 1, 3}, 0},
                                                         {{42 + (uint64_t{1} << 32), midnight, 1, 3}, 0},
                                                         {{0, midnight, 1, 3}, 0},
                                                         {{42, midnight + model_step, 1, 3}, 0},
                                                         {{42, Time{}, 1, 3}, 0},
                                                         {{42, Time{} - model_step, 1, 3}, 0},
                                                         {{42, midnight, 3, 1}, 0},
                                                         {{42, midnight, 0, 3}, 0},
                                                         {{42, midnight, 1, 4}, 0},
                                                         {{42, midnight, 1, 1 << 30}, 0}};
  std::set<std::vector<float>> seen;
  for (const auto& [who, stream] : keys) EXPECT_TRUE(seen.insert(normals(who, stream, 4)).second) << seen.size();
}

// Standard errors of the moments of n normals: mean 1/sqrt(n), variance sqrt(2/n), skewness sqrt(6/n) about the known
// mean: sqrt(15/n), fourth moment sqrt(96/n). Five of them: one false alarm in a million, and the key is fixed.
TEST(FillNormals, HasTheMomentsOfTheStandardNormal) {
  constexpr size_t n = 1 << 20;
  const auto sample = normals(key, 0, n);
  const double error = 5.0 / std::sqrt(static_cast<double>(n));
  EXPECT_NEAR(moment(sample, 1), 0.0, error);
  EXPECT_NEAR(moment(sample, 2), 1.0, error * std::sqrt(2.0));
  EXPECT_NEAR(moment(sample, 3), 0.0, error * std::sqrt(15.0));
  EXPECT_NEAR(moment(sample, 4), 3.0, error * std::sqrt(96.0));
}

// Kolmogorov-Smirnov: sqrt(n) D exceeds 2.23 once in 10^4 samples.
TEST(FillNormals, HasTheDistributionOfTheStandardNormal) {
  auto sample = normals(key, 5, 200000);
  std::ranges::sort(sample);
  const auto n = static_cast<double>(sample.size());
  double distance = 0.0;
  for (size_t i = 0; i < sample.size(); ++i) {
    const double expected = 0.5 * std::erfc(-sample[i] / std::sqrt(2.0));
    distance = std::max({distance, std::abs(expected - i / n), std::abs(expected - (i + 1) / n)});
  }
  EXPECT_LT(std::sqrt(n) * distance, 2.23);
}

// The product of two independent normals has variance 1: the correlation of n of them has the standard error 1/sqrt(n).
TEST(FillNormals, DoesNotCorrelateNeighbours) {
  constexpr size_t n = 1 << 17;
  const double error = 5.0 / std::sqrt(static_cast<double>(n));
  const auto base = normals(key, 0, n);
  EXPECT_NEAR(correlation(base, normals(key, 1, n)), 0.0, error) << "streams";
  EXPECT_NEAR(correlation(base, normals({43, midnight, 1, 3}, 0, n)), 0.0, error) << "seeds";
  EXPECT_NEAR(correlation(base, normals({42, midnight + model_step, 1, 3}, 0, n)), 0.0, error) << "times";
  EXPECT_NEAR(correlation(base, normals({42, midnight, 2, 3}, 0, n)), 0.0, error) << "models";
  EXPECT_NEAR(correlation(base, normals({42, midnight, 1, 4}, 0, n)), 0.0, error) << "pairs";
  for (const uint64_t lag : {1u, 2u, 3u, 4u}) {
    EXPECT_NEAR(correlation(base, normals(key, 0, n, lag)), 0.0, error) << "lag " << lag;
  }
}

// The first number over many pairs is as good a sample as many numbers of one pair.
TEST(FillNormals, IsNormalAcrossPairs) {
  constexpr int n = 1 << 16;
  std::vector<float> first(n);
  for (int pair = 0; pair < n; ++pair) {
    fill_normals({42, midnight, 1, pair}, 0, std::span(&first[pair], 1));
  }
  const double error = 5.0 / std::sqrt(static_cast<double>(n));
  EXPECT_NEAR(moment(first, 1), 0.0, error);
  EXPECT_NEAR(moment(first, 2), 1.0, error * std::sqrt(2.0));
  EXPECT_NEAR(moment(first, 4), 3.0, error * std::sqrt(96.0));
}

}  // namespace
}  // namespace hens
