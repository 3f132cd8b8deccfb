#include "diagnostics/on_points.h"

#include <cassert>

#include <cuda_runtime_api.h>

#include "base/error.h"

namespace hens {

void check_launch(int code) {
  if (code == cudaSuccess) return;
  fail(ExitCode::gpu, "the GPU failed at derived variables: {}", cudaGetErrorString(static_cast<cudaError_t>(code)));
}

Fields::Fields(std::vector<at::Tensor> fields) : fields_(std::move(fields)) {
  for (at::Tensor& field : fields_) {
    assert(field.sizes() == first().sizes() && field.dtype() == first().dtype() && field.device() == first().device());
    field = field.contiguous();
  }
}

}  // namespace hens
