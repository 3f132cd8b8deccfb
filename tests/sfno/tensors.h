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

// Entries of a golden array's first axis: all of them, or those that a clone has without HENS_TEST_DATA.
struct GoldenPart {
  at::Tensor positions, values;
  at::Tensor of(const at::Tensor& whole) const { return whole.index_select(0, positions); }
};

inline GoldenPart golden_part(const std::string& name) {
  const std::filesystem::path base = data_root() / "golden/model" / name;
  if (std::filesystem::exists(base.string() + ".npy")) {
    const at::Tensor values = golden_tensor(name);
    return {at::arange(values.size(0)), values};
  }
  const auto positions = read_npy(base.string() + "_some_positions.npy").as<double>();
  return {at::tensor(positions, at::kDouble).to(at::kLong), golden_tensor(name + "_some")};
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
