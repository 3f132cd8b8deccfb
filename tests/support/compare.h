// Comparison of arrays that fails on NaN and says where the worst difference is.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include <gtest/gtest.h>

namespace hens::test {

template <typename A, typename B>
::testing::AssertionResult all_near(std::span<const A> actual, std::span<const B> expected, double tolerance) {
  if (actual.size() != expected.size()) {
    return ::testing::AssertionFailure() << "sizes differ: " << actual.size() << " and " << expected.size();
  }
  double worst = 0.0;
  size_t where = 0, bad = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    if (!(difference <= tolerance)) ++bad;  // NaN counts as bad
    if (!(difference <= worst)) worst = difference, where = i;
  }
  if (bad == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << bad << " of " << actual.size() << " differ by more than " << tolerance
                                       << "; worst " << worst << " at index " << where << ": " << actual[where]
                                       << " instead of " << expected[where];
}

template <typename A, typename B>
::testing::AssertionResult all_near(const std::vector<A>& actual, const std::vector<B>& expected, double tolerance) {
  return all_near(std::span<const A>(actual), std::span<const B>(expected), tolerance);
}

}  // namespace hens::test
