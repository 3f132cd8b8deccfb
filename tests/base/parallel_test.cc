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
}  // namespace hens
