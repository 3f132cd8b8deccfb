// Runs a work (point_work.h) on the points of tensors, where they are: on the host's threads, or on the GPU in the
// order of LibTorch's default stream, without a wait. For the sources of this folder.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/DeviceGuard.h>

#include "diagnostics/point_work.h"
#include "engine/device/backend.h"

namespace hens {

// Throws Error{gpu} where the GPU takes no launch.
template <typename Work>
void on_points(const Work& work, int64_t points, at::Device device) {
  if (device.is_cuda()) {
    const c10::DeviceGuard guard(device);
    return engine::check_cuda(launch_points(work, points, nullptr), "derived variables");
  }
  constexpr int64_t together = 2048;
  at::parallel_for(0, points, together, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) work(i);
  });
}

// Fields as works read them: contiguous, and all of one shape, type and device. The tensors live as long as this.
class Fields {
 public:
  explicit Fields(std::vector<at::Tensor> fields);
  const at::Tensor& first() const { return fields_.front(); }
  int64_t points() const { return first().numel(); }
  at::Tensor made_like() const { return at::empty_like(first()); }
  template <typename Real>
  const Real* data(size_t k) const {
    return fields_[k].const_data_ptr<Real>();
  }

 private:
  std::vector<at::Tensor> fields_;
};

template <typename Formula>
at::Tensor of_two(const at::Tensor& a, const at::Tensor& b, const Formula& formula) {
  const Fields fields({a, b});
  const at::Tensor out = fields.made_like();
  AT_DISPATCH_FLOATING_TYPES(out.scalar_type(), "derived variable", [&] {
    on_points(OfTwo<scalar_t, Formula>{formula, fields.data<scalar_t>(0), fields.data<scalar_t>(1),
                                       out.mutable_data_ptr<scalar_t>()},
              fields.points(), out.device());
  });
  return out;
}

}  // namespace hens
