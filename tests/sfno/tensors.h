// Golden arrays of the model as tensors, and the comparison of tensors.
#pragma once

#include <ATen/ATen.h>

#include "package/npy.h"
#include "package/package.h"
#include "support/compare.h"
#include "support/test_data.h"

namespace hens::test {

inline at::Tensor golden_tensor(const std::string& name) {
  const NpyArray array = read_npy(data_root() / "golden/model" / (name + ".npy"));
  return at::tensor(array.as<float>(), at::kFloat).reshape(array.shape);
}

inline ModelPackage golden_package(const std::string& name) {
  return open_package(data_root() / "golden/model" / name);
}

inline ::testing::AssertionResult tensors_near(const at::Tensor& actual, const at::Tensor& expected, double tolerance) {
  if (actual.sizes() != expected.sizes()) {
    return ::testing::AssertionFailure() << "shapes differ: " << actual.sizes() << " and " << expected.sizes();
  }
  const at::Tensor a = actual.to(at::kCPU, at::kFloat).contiguous(), b = expected.to(at::kFloat).contiguous();
  return all_near(std::span<const float>(a.data_ptr<float>(), a.numel()),
                  std::span<const float>(b.data_ptr<float>(), b.numel()), tolerance);
}

}  // namespace hens::test
