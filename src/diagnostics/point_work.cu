// One thread a point.
#include "diagnostics/point_work.h"

#include <cuda_runtime.h>

namespace hens {
namespace {

constexpr int threads = 256;

template <typename Work>
__global__ void for_points(const Work work, int64_t points) {
  const int64_t point = static_cast<int64_t>(blockIdx.x) * threads + threadIdx.x;
  if (point < points) work(point);
}

}  // namespace

template <typename Work>
int launch_points(const Work& work, int64_t points, void* stream) {
  if (points == 0) return cudaSuccess;
  const auto blocks = static_cast<unsigned>((points + threads - 1) / threads);
  for_points<<<blocks, threads, 0, static_cast<cudaStream_t>(stream)>>>(work, points);
  return cudaGetLastError();
}

#define HENS_LAUNCH(...) template int launch_points(const __VA_ARGS__&, int64_t, void*);
#define HENS_LAUNCH_OF_TWO(Formula)           \
  HENS_LAUNCH(OfTwo<float, formula::Formula>) \
  HENS_LAUNCH(OfTwo<double, formula::Formula>)
#define HENS_LAUNCH_COLUMN(Work) \
  HENS_LAUNCH(Work<float>)       \
  HENS_LAUNCH(Work<double>)

HENS_LAUNCH_OF_TWO(WindSpeed)
HENS_LAUNCH_OF_TWO(RelativeHumidity)
HENS_LAUNCH_OF_TWO(RelativeHumidity2m)
HENS_LAUNCH_OF_TWO(VapourPressureDeficit)
HENS_LAUNCH_OF_TWO(VapourPressureDeficitMagnus)
HENS_LAUNCH_OF_TWO(Thickness)
HENS_LAUNCH_OF_TWO(HeatIndex)
HENS_LAUNCH_OF_TWO(HeatIndexAtNode)
HENS_LAUNCH_COLUMN(ColumnWaterVapour)
HENS_LAUNCH_COLUMN(VapourTransport)
HENS_LAUNCH_COLUMN(SurfacePressure)

}  // namespace hens
