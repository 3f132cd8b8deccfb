// One text of tests for the host's loops and the GPU's kernel: the same integers.
#include "statistics/accumulator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "statistics/accumulate.h"

namespace hens {
namespace {

constexpr size_t points = 1000;
constexpr FixedPoint kelvin{250.0, 32'768.0};

PairPlan everything() {
  PairPlan plan{.fixed = kelvin, .moments = true, .extremes = true, .histogram = Lattice{0.5}};
  plan.thresholds = {{280.0f, Exceedance::at_least}, {280.0f, Exceedance::above}};
  return plan;
}

std::vector<float> random_field(unsigned seed, float spread = 3.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(280.0f, spread);
  std::vector<float> field(points);
  for (float& x : field) x = std::round(normal(random) * 4.0f) / 4.0f;  // ties abound
  return field;
}

enum class Where { host, gpu };

class AccumulatorTest : public testing::TestWithParam<Where> {
 protected:
  void SetUp() override {
    if (GetParam() == Where::gpu && !cuda_accumulator_works()) GTEST_SKIP() << "needs a GPU";
  }

  std::unique_ptr<Accumulator> make(std::vector<PairPlan> plan, const ThresholdValues& thresholds = {}) {
    if (GetParam() == Where::host) return make_host_accumulator(std::move(plan), points, thresholds);
    return make_cuda_accumulator(std::move(plan), points, thresholds);
  }

  void add(Accumulator& sums, int pair, const std::vector<float>& field, const FieldOf& of) {
    if (GetParam() == Where::host) return sums.add(pair, field.data(), of);
    void* memory = nullptr;
    ASSERT_EQ(cudaMalloc(&memory, field.size() * sizeof(float)), cudaSuccess);
    cudaMemcpy(memory, field.data(), field.size() * sizeof(float), cudaMemcpyHostToDevice);
    sums.add(pair, static_cast<const float*>(memory), of);
    cudaFree(memory);
  }
};

// All counts of a histogram at a point, by bin.
std::map<int32_t, int> counts_at(PairSums& sums, size_t point) {
  const Spans spans = spans_of(sums, point, point + 1);
  std::map<int32_t, int> counts;
  for (uint32_t k = 0; k < spans.length[0]; ++k) {
    if (spans.counts[k] > 0) counts[spans.first[0] + static_cast<int32_t>(k)] = spans.counts[k];
  }
  return counts;
}

void expect_equal(PairSums& a, PairSums& b) {
  EXPECT_EQ(a.sum, b.sum);
  EXPECT_EQ(a.squares, b.squares);
  EXPECT_EQ(a.lowest, b.lowest);
  EXPECT_EQ(a.highest, b.highest);
  EXPECT_EQ(a.above, b.above);
  const Spans left = spans_of(a, 0, points), right = spans_of(b, 0, points);
  EXPECT_EQ(left.first, right.first);
  EXPECT_EQ(left.length, right.length);
  EXPECT_EQ(left.counts, right.counts);
}

TEST_P(AccumulatorTest, SumsAreThoseOfTheRoundedValues) {
  const auto sums = make({everything()});
  constexpr int members = 20;
  std::vector<std::vector<float>> fields;
  for (int m = 0; m < members; ++m) fields.push_back(random_field(static_cast<unsigned>(m)));
  for (int m = 0; m < members; ++m) add(*sums, 0, fields[static_cast<size_t>(m)], {.member = m});
  EXPECT_EQ(sums->refused(1), std::vector<int>{-1});
  PairSums all = sums->sums(0);
  for (size_t p = 0; p < points; ++p) {
    int64_t sum = 0;
    uint64_t squares = 0;
    int at_least = 0, above = 0, lowest = 0, highest = 0;
    std::map<int32_t, int> counts;
    for (int m = 0; m < members; ++m) {
      const float x = fields[static_cast<size_t>(m)][p];
      const int64_t q = std::llrint((static_cast<double>(x) - 250.0) * 32'768.0);
      sum += q, squares += static_cast<uint64_t>(q * q);
      at_least += x >= 280.0f, above += x > 280.0f;
      if (x < fields[static_cast<size_t>(lowest)][p]) lowest = m;
      if (x > fields[static_cast<size_t>(highest)][p]) highest = m;
      ++counts[static_cast<int32_t>(std::floor(x / 0.5))];
    }
    ASSERT_EQ(all.sum[p], sum);
    ASSERT_EQ(all.squares[p], squares);
    ASSERT_EQ(all.above[p], at_least);
    ASSERT_EQ(all.above[points + p], above);
    ASSERT_EQ(value_of(all.lowest[p]), fields[static_cast<size_t>(lowest)][p]);
    ASSERT_EQ(static_cast<int>(all.lowest[p] & 0xFFFFFFFF), lowest);
    ASSERT_EQ(value_of(all.highest[p]), fields[static_cast<size_t>(highest)][p]);
    ASSERT_EQ(static_cast<int>(~all.highest[p] & 0xFFFFFFFF), highest);
    ASSERT_EQ(counts_at(all, p), counts);
  }
}

TEST_P(AccumulatorTest, ThresholdsMayBeFields) {
  PairPlan plan{.fixed = kelvin};
  plan.thresholds = {{0.0f, Exceedance::at_least}, {0.0f, Exceedance::above}};
  plan.threshold_fields = "t2m climate";
  PairPlan numbers = plan;
  numbers.threshold_fields.clear();
  numbers.thresholds = {{280.0f, Exceedance::at_least}, {280.0f, Exceedance::above}};
  std::vector<float> climate = random_field(100);
  const std::vector<float> warm = random_field(101);
  climate.insert(climate.end(), warm.begin(), warm.end());
  const auto sums = make({numbers, plan}, {{"another", std::vector<float>(points)}, {"t2m climate", climate}});
  std::vector<int> at_least(points), above(points);
  for (int m = 0; m < 20; ++m) {
    const std::vector<float> field = random_field(static_cast<unsigned>(m));
    add(*sums, 0, field, {.member = m});
    add(*sums, 1, field, {.member = m});
    for (size_t p = 0; p < points; ++p)
      at_least[p] += field[p] >= climate[p], above[p] += field[p] > climate[points + p];
  }
  const PairSums of_fields = sums->sums(1), of_numbers = sums->sums(0);
  int different = 0;
  for (size_t p = 0; p < points; ++p) {
    ASSERT_EQ(of_fields.above[p], at_least[p]);
    ASSERT_EQ(of_fields.above[points + p], above[p]);
    different += of_fields.above[p] != of_numbers.above[p];
  }
  EXPECT_GT(different, static_cast<int>(points) / 2) << "the fields are not the numbers";
  EXPECT_NE(text_of(plan), text_of(numbers)) << "sums of one cannot be added to sums of the other";
}

TEST_P(AccumulatorTest, ACopyOverwritesWhatAnotherPairLeft) {
  PairPlan moments{.fixed = kelvin, .moments = true};
  const auto sums = make({everything(), moments, everything()});
  for (int m = 0; m < 3; ++m) {
    for (int pair = 0; pair < 3; ++pair)
      add(*sums, pair, random_field(static_cast<unsigned>(10 * m + pair)), {.member = m});
  }
  PairSums copied;
  for (const int pair : {0, 1, 2, 1, 0}) {
    sums->copy(pair, copied);
    PairSums fresh = sums->sums(pair);
    EXPECT_EQ(copied.base, fresh.base);
    EXPECT_EQ(copied.bins, fresh.bins);
    if (pair == 1) {
      EXPECT_EQ(copied.sum, fresh.sum);
      EXPECT_TRUE(copied.above.empty() && copied.lowest.empty() && copied.bins.empty());
    } else {
      expect_equal(copied, fresh);
    }
  }
}

TEST_P(AccumulatorTest, TheOrderOfMembersDoesNotMatter) {
  const auto forth = make({everything()}), back = make({everything()});
  constexpr int members = 9;
  for (int m = 0; m < members; ++m) {
    add(*forth, 0, random_field(static_cast<unsigned>(m), 40.0f), {.member = m});
    add(*back, 0, random_field(static_cast<unsigned>(members - 1 - m), 40.0f), {.member = members - 1 - m});
  }
  PairSums a = forth->sums(0), b = back->sums(0);
  EXPECT_FALSE(a.outliers.empty()) << "a spread of 40 K leaves the window of 64 K";
  expect_equal(a, b);
}

// More outliers than there is room for at a time.
TEST_P(AccumulatorTest, OutliersAreCountedHoweverMany) {
  const auto sums = make({everything()});
  constexpr int members = 40;
  for (int m = 0; m < members; ++m) {
    add(*sums, 0, std::vector<float>(points, m == 0 ? 200.0f : 300.0f), {.member = m});
  }
  PairSums all = sums->sums(0);
  EXPECT_EQ(all.outliers.size(), points * (members - 1));
  EXPECT_EQ(counts_at(all, 17), (std::map<int32_t, int>{{400, 1}, {600, members - 1}}));
}

TEST_P(AccumulatorTest, AWindowBecomesOneField) {
  for (const Reduce reduce : {Reduce::mean, Reduce::max, Reduce::min, Reduce::sum}) {
    PairPlan plan = everything();
    plan.reduce = reduce, plan.window = 0;
    if (reduce == Reduce::sum) plan.fixed = fixed_point_of_sum(kelvin, 3);
    PairPlan direct = plan;
    direct.reduce = Reduce::none, direct.window = -1;
    const auto sums = make({plan, plan}), expected = make({direct});
    const std::vector<float> a = random_field(1), b = random_field(2), c = random_field(3);
    std::vector<float> made(points);
    for (size_t p = 0; p < points; ++p) {
      const double sum = static_cast<double>(a[p]) + b[p] + c[p];
      made[p] = reduce == Reduce::max   ? std::max({a[p], b[p], c[p]})
                : reduce == Reduce::min ? std::min({a[p], b[p], c[p]})
                                        : static_cast<float>(reduce == Reduce::mean ? sum / 3 : sum);
    }
    // Two members side by side, and both windows one after the other in the same memory.
    for (int pair = 0; pair < 2; ++pair) {
      int position = 0;
      for (const auto& field : {a, b, c}) {
        add(*sums, pair, field, {.member = 4, .slot = 0, .position = position, .count = 3});
        add(*sums, pair, field, {.member = 5, .slot = 1, .position = position++, .count = 3});
      }
    }
    add(*expected, 0, made, {.member = 4});
    add(*expected, 0, made, {.member = 5});
    for (int pair = 0; pair < 2; ++pair) {
      PairSums left = sums->sums(pair), right = expected->sums(0);
      expect_equal(left, right);
    }
  }
}

TEST_P(AccumulatorTest, NamesThePairInWhichAMemberLeftTheForecasts) {
  const auto sums = make({everything(), everything(), everything()});
  std::vector<float> bad = random_field(1);
  bad[points - 1] = std::numeric_limits<float>::quiet_NaN();
  add(*sums, 0, random_field(1), {.member = 0, .slot = 0});
  add(*sums, 2, bad, {.member = 1, .slot = 1});
  add(*sums, 1, bad, {.member = 1, .slot = 1});
  EXPECT_EQ(sums->refused(3), (std::vector<int>{-1, 1, -1}));
  EXPECT_EQ(sums->refused(3), (std::vector<int>{-1, -1, -1})) << "asked for once";
}

TEST_P(AccumulatorTest, WhatIsNoNumberStaysNoneThroughAWindow) {
  for (const Reduce reduce : {Reduce::mean, Reduce::max, Reduce::min, Reduce::sum}) {
    PairPlan plan = everything();
    plan.reduce = reduce, plan.window = 0;
    for (int bad = 0; bad < 3; ++bad) {
      const auto sums = make({plan});
      for (int position = 0; position < 3; ++position) {
        std::vector<float> field(points, 80.0f);
        if (position == bad) field[5] = std::numeric_limits<float>::quiet_NaN();
        add(*sums, 0, field, {.position = position, .count = 3});
      }
      EXPECT_EQ(sums->refused(1), std::vector<int>{0});
    }
  }
}

TEST_P(AccumulatorTest, SumsCanBePutBack) {
  const auto sums = make({everything()});
  for (int m = 0; m < 5; ++m) add(*sums, 0, random_field(static_cast<unsigned>(m), 40.0f), {.member = m});
  PairSums before = sums->sums(0);
  add(*sums, 0, random_field(5, 40.0f), {.member = 5});
  sums->set(0, before);
  PairSums after = sums->sums(0);
  expect_equal(before, after);
  sums->clear();
  PairSums empty = sums->sums(0), none(everything(), points);
  expect_equal(empty, none);
}

TEST_P(AccumulatorTest, TakesTheMemoryThatItSays) {
  EXPECT_EQ(bytes_a_point(everything()), 32 + 4 + 260);
  EXPECT_EQ(bytes_a_point({.moments = true}), 16);
}

INSTANTIATE_TEST_SUITE_P(Both, AccumulatorTest, testing::Values(Where::host, Where::gpu),
                         [](const auto& info) { return info.param == Where::host ? "Host" : "Gpu"; });

TEST(Extremes, KeysAreOrderedAsValuesAre) {
  const float values[] = {-std::numeric_limits<float>::max(), -1.0f, -1e-30f, 0.0f, 1e-30f, 1.0f, 3e38f};
  for (size_t k = 1; k < std::size(values); ++k) {
    EXPECT_LT(lowest_key(values[k - 1], 9), lowest_key(values[k], 3));
    EXPECT_LT(highest_key(values[k - 1], 3), highest_key(values[k], 9));
  }
  for (const float x : values) EXPECT_EQ(value_of(lowest_key(x, 7)), x);
  EXPECT_EQ(lowest_key(-0.0f, 1), lowest_key(0.0f, 1)) << "the sign of nothing breaks no tie";
  EXPECT_LT(lowest_key(2.0f, 1), lowest_key(2.0f, 2));
  EXPECT_GT(highest_key(2.0f, 1), highest_key(2.0f, 2));
}

}  // namespace
}  // namespace hens
