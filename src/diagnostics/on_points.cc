#include "diagnostics/on_points.h"

#include <cassert>
#include <utility>

namespace hens {

Fields::Fields(std::vector<at::Tensor> fields) : fields_(std::move(fields)) {
  for (at::Tensor& field : fields_) {
    assert(field.sizes() == first().sizes() && field.dtype() == first().dtype() && field.device() == first().device());
    field = field.contiguous();
  }
}

}  // namespace hens
