// One thread a point: it alone touches that point's sums, so that nothing but the list of outliers needs an atomic.
#include "statistics/accumulate_kernel.h"

#include <cuda_runtime.h>

namespace hens {
namespace {

constexpr int threads = 256;

__global__ void accumulate_field(const PairView view, const WindowView window, const float* __restrict__ field,
                                 uint32_t member, int pair, int* refused, const OutlierList outliers) {
  const size_t point = static_cast<size_t>(blockIdx.x) * threads + threadIdx.x;
  if (point >= view.points) return;
  float x = field[point];
  if (window.state != nullptr) {
    const bool first = window.position == 0;
    const double all = reduced(window.reduce, first, first ? 0.0 : window.state[point], x);
    window.state[point] = all;
    if (window.position + 1 < window.count) return;
    x = finished(window.reduce, all, window.count);
  }
  const bool good = accumulate(view, point, x, member, [&](uint32_t where, int32_t bin) {
    outliers.items[atomicAdd(outliers.count, 1u)] = {pair, where, bin};
  });
  if (!good) atomicMin(refused, pair);
}

}  // namespace

int launch_accumulate(const PairView& view, const WindowView& window, const float* field, uint32_t member, int pair,
                      int* refused, const OutlierList& outliers, void* stream) {
  const auto blocks = static_cast<unsigned>((view.points + threads - 1) / threads);
  accumulate_field<<<blocks, threads, 0, static_cast<cudaStream_t>(stream)>>>(view, window, field, member, pair,
                                                                              refused, outliers);
  return cudaGetLastError();
}

bool have_accumulate() {
  cudaFuncAttributes attributes{};
  return cudaFuncGetAttributes(&attributes, accumulate_field) == cudaSuccess;
}

}  // namespace hens
