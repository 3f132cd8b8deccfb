// Tensors of a checkpoint as LibTorch sees them.
#pragma once

#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "package/package.h"
#include "sfno/pointwise.h"

namespace hens {

// On the CPU, with the view's shape and type. A view of the checkpoint where its alignment allows, else a copy: valid
// while the package lives.
at::Tensor tensor_of(const TensorView& view);

// Copies of a package's weights on one device. Throws Error{bad_input} naming a tensor that is missing or of another
// shape.
class WeightLoader {
 public:
  WeightLoader(const ModelPackage& package, at::Device device) : package_(package), device_(device) {}

  Linear linear(const std::string& name, int64_t in, int64_t out, bool bias) const;
  Norm norm(const std::string& name, int64_t width) const;
  // [out, in]: `in` are all input channels or, in networks of before 2024, only the state's.
  at::Tensor big_skip(const std::string& name) const;
  const TensorView& view(const std::string& name, const std::vector<int64_t>& shape) const {
    return package_.tensor(name, shape);
  }

 private:
  at::Tensor copy(const std::string& name, const std::vector<int64_t>& shape) const;

  const ModelPackage& package_;
  at::Device device_;
};

}  // namespace hens
