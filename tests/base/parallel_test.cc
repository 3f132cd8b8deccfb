#include "base/parallel.h"

#include <atomic>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace hens {
namespace {

TEST(ParallelFor, DoesEachRowOnce) {
  for (const int64_t count : {0, 1, 2, 7, 1000}) {
    std::vector<std::atomic<int>> done(count);
    parallel_for(count, [&](int64_t first, int64_t last) {
      ASSERT_LT(first, last);
      for (int64_t row = first; row < last; ++row) ++done[row];
    });
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
}

TEST(ParallelFor, ThrowsWhatAPartThrew) {
  const auto fails = [](int64_t first, int64_t last) {
    if (first <= 500 && 500 < last) throw std::runtime_error("row 500");
  };
  EXPECT_THROW(parallel_for(1000, fails), std::runtime_error);
}

}  // namespace
TEST(ParallelInOrder, TheLowestFailureIsTold) {
  for (int round = 0; round < 20; ++round) {
    std::vector<int> calls(100, 0);
    const auto row = [&](int64_t k) {
      ++calls[static_cast<size_t>(k)];
      if (k == 31 || k == 32 || k == 99) throw std::runtime_error(std::to_string(k));
    };
    try {
      parallel_in_order(100, row);
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "31");
    }
    EXPECT_EQ(std::vector<int>(calls.begin(), calls.begin() + 32), std::vector<int>(32, 1));
  }
  parallel_in_order(0, [](int64_t) { FAIL(); });
}

}  // namespace hens
