// Golden arrays of the transform as tensors, and the comparison of tensors.
#pragma once

#include <ATen/ATen.h>

#include "package/npy.h"
#include "support/compare.h"
#include "support/test_data.h"

namespace hens::test {

inline std::vector<double> golden_values(const std::string& name) {
  return read_npy(data_root() / "golden/sht" / (name + ".npy")).as<double>();
}

inline at::Tensor golden_real(const std::string& name) {
  const NpyArray array = read_npy(data_root() / "golden/sht" / (name + ".npy"));
  return at::tensor(array.as<double>(), at::kDouble).reshape(array.shape);
}

// Complex arrays carry a last axis of 2.
inline at::Tensor golden_complex(const std::string& name) { return at::view_as_complex(golden_real(name)); }

// Every element, real and imaginary parts separately.
inline std::vector<double> elements(const at::Tensor& tensor) {
  const at::Tensor real = tensor.is_complex() ? at::view_as_real(tensor.resolve_conj()) : tensor;
  const at::Tensor flat = real.to(at::kCPU, at::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

inline ::testing::AssertionResult tensors_near(const at::Tensor& actual, const at::Tensor& expected, double tolerance) {
  if (actual.sizes() != expected.sizes()) {
    return ::testing::AssertionFailure() << "shapes differ: " << actual.sizes() << " and " << expected.sizes();
  }
  return all_near(elements(actual), elements(expected), tolerance);
}

}  // namespace hens::test
