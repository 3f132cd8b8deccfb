// Golden arrays as tensors, and their comparison.
#pragma once

#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "package/npy.h"
#include "support/compare.h"
#include "support/test_data.h"

namespace hens::test {

// The array `golden/<relative>`, in its own precision.
inline at::Tensor golden(const std::string& relative) {
  const NpyArray array = read_npy(whole_or_some(data_root() / "golden" / relative));
  const at::ScalarType type = array.dtype == "<f8" ? at::kDouble : at::kFloat;
  return at::from_blob(const_cast<char*>(array.data.data()), array.shape, type).clone();
}

inline ::testing::AssertionResult tensors_near(const at::Tensor& actual, const at::Tensor& expected, double tolerance) {
  if (actual.sizes() != expected.sizes()) {
    return ::testing::AssertionFailure() << "shapes differ: " << actual.sizes() << " and " << expected.sizes();
  }
  const auto values = [](const at::Tensor& tensor) { return tensor.to(at::kCPU, at::kDouble).contiguous(); };
  const at::Tensor a = values(actual), e = values(expected);
  return all_near(std::span<const double>(a.data_ptr<double>(), a.numel()),
                  std::span<const double>(e.data_ptr<double>(), e.numel()), tolerance);
}

// Equal shape, type and values; NaN equals nothing.
inline ::testing::AssertionResult tensors_equal(const at::Tensor& actual, const at::Tensor& expected) {
  if (actual.scalar_type() != expected.scalar_type()) return ::testing::AssertionFailure() << "types differ";
  return tensors_near(actual, expected, 0.0);
}

}  // namespace hens::test
