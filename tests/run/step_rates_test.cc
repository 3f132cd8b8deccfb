// How fast machines were: what runs leave in the cache, and the table.
#include "run/step_rates.h"

#include <cmath>

#include <gtest/gtest.h>

#include "support/test_data.h"

namespace hens {
namespace {

StepRate rate(const std::string& card, double ms, int embed_dim = 620) {
  return {card, "fast", 721, 1440, embed_dim, ms, 20.0, "2026-12-01"};
}

TEST(StepRates, WhatWasMeasuredHereComesFirst) {
  const test::TemporaryFolder cache;
  EXPECT_FALSE(step_rate(cache.path(), "NVIDIA H200", 721, 1440, 620)->here) << "the table's";
  remember_rate(cache.path(), rate("NVIDIA H200", 40.0));
  remember_rate(cache.path(), rate("NVIDIA L40S", 97.0));
  remember_rate(cache.path(), rate("NVIDIA H200", 34.0));
  const auto found = step_rate(cache.path(), "NVIDIA H200", 721, 1440, 620);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->here);
  EXPECT_EQ(found->ms_per_member_step, 34.0) << "the last one";
  EXPECT_EQ(found->joules_per_member_step, 20.0);
  EXPECT_EQ(step_rate(cache.path(), "NVIDIA L40S", 721, 1440, 620)->ms_per_member_step, 97.0);
}

TEST(StepRates, AnotherCardOrNoneGetsTheTables) {
  const test::TemporaryFolder cache;
  remember_rate(cache.path(), rate("NVIDIA L40S", 97.0));
  EXPECT_EQ(step_rate(cache.path(), "NVIDIA H200", 721, 1440, 620)->card, "NVIDIA H200");
  for (const char* card : {"", "NVIDIA B200"}) {
    const auto found = step_rate(cache.path(), card, 721, 1440, 620);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->here);
    EXPECT_EQ(found->card, measured_rates().front().card);
  }
}

TEST(StepRates, AnotherSizeHasNone) {
  const test::TemporaryFolder cache;
  remember_rate(cache.path(), rate("NVIDIA H200", 40.0));
  EXPECT_FALSE(step_rate(cache.path(), "NVIDIA H200", 721, 1440, 32));
  EXPECT_FALSE(step_rate(cache.path(), "NVIDIA H200", 73, 144, 620));
}

TEST(StepRates, ADamagedFileTellsNothingAndIsReplaced) {
  const test::TemporaryFolder cache;
  for (const char* text : {"{", "{\"rates\": [{}]}", "{\"rates\": [{\"card\": 1}]}", ""}) {
    publish_file(cache / "rates.json", text);
    EXPECT_FALSE(step_rate(cache.path(), "NVIDIA L40S", 721, 1440, 620)->here) << text;
    remember_rate(cache.path(), rate("NVIDIA L40S", 97.0));
    EXPECT_TRUE(step_rate(cache.path(), "NVIDIA L40S", 721, 1440, 620)->here);
  }
}

TEST(StepRates, ARateOfNothingIsNone) {
  const test::TemporaryFolder cache;
  remember_rate(cache.path(), rate("NVIDIA L40S", 0.0));
  remember_rate(cache.path(), rate("NVIDIA L40S", std::nan("")));
  EXPECT_FALSE(step_rate(cache.path(), "NVIDIA L40S", 721, 1440, 620)->here);
}

TEST(StepRates, TheFileStaysSmall) {
  const test::TemporaryFolder cache;
  for (int k = 0; k < 250; ++k) remember_rate(cache.path(), rate(std::to_string(k), 10.0));
  EXPECT_TRUE(step_rate(cache.path(), "249", 721, 1440, 620)->here);
  EXPECT_TRUE(step_rate(cache.path(), "50", 721, 1440, 620)->here);
  EXPECT_FALSE(step_rate(cache.path(), "49", 721, 1440, 620)->here);
}

TEST(StepRates, TheTableSaysWhenItWasMeasured) {
  ASSERT_FALSE(measured_rates().empty());
  for (const StepRate& one : measured_rates()) {
    EXPECT_GT(one.ms_per_member_step, 0.0);
    EXPECT_EQ(one.measured.size(), 10u);
    EXPECT_FALSE(one.here);
  }
}

}  // namespace
}  // namespace hens
