// A yardstick for the engine's mma.sync kernels: what CUTLASS' own tiles of the same instructions reach in the two
// products of HENS' MLP, on the same card in the same minute.
//
//   nvcc -O3 -std=c++17 -DNDEBUG -arch=sm_80 -I CUTLASS/include bench/mma_anchor.cu -o mma_anchor && ./mma_anchor
// CUTLASS: the folder cutlass_library/source of the Python wheel nvidia-cutlass 4.2.0.0. Not a part of the build.
#include <algorithm>
#include <cstdio>
#include <vector>

#include <cuda_fp16.h>

#include "cutlass/cutlass.h"
#include "cutlass/gemm/device/gemm.h"

namespace {

void check(cudaError_t code) {
  if (code == cudaSuccess) return;
  std::fprintf(stderr, "%s\n", cudaGetErrorString(code));
  std::exit(1);
}

// Numbers around zero: products of zeros need less power, and run faster.
__global__ void draw(__half* at, size_t count, unsigned seed) {
  for (size_t i = blockIdx.x * size_t{blockDim.x} + threadIdx.x; i < count; i += size_t{gridDim.x} * blockDim.x) {
    unsigned x = static_cast<unsigned>(i) * 2654435761u ^ seed;
    x ^= x >> 16, x *= 0x7feb352du, x ^= x >> 15, x *= 0x846ca68bu, x ^= x >> 16;
    at[i] = __float2half(static_cast<float>(x) * (2.0f / 4294967296.0f) - 1.0f);
  }
}

template <int kM, int kN, int kK, int kWarpM, int kWarpN, int kStages>
void run(const char* name, int m, int n, int k) {
  using Gemm =
      cutlass::gemm::device::Gemm<cutlass::half_t, cutlass::layout::RowMajor, cutlass::half_t,
                                  cutlass::layout::ColumnMajor, cutlass::half_t, cutlass::layout::RowMajor, float,
                                  cutlass::arch::OpClassTensorOp, cutlass::arch::Sm80,
                                  cutlass::gemm::GemmShape<kM, kN, kK>, cutlass::gemm::GemmShape<kWarpM, kWarpN, kK>,
                                  cutlass::gemm::GemmShape<16, 8, 16>,
                                  cutlass::epilogue::thread::LinearCombination<cutlass::half_t, 8, float, float>,
                                  cutlass::gemm::threadblock::GemmIdentityThreadblockSwizzle<8>, kStages>;
  __half *a, *b, *c;
  const size_t sizes[3] = {size_t(m) * k, size_t(n) * k, size_t(m) * n};
  check(cudaMalloc(&a, 2 * sizes[0])), check(cudaMalloc(&b, 2 * sizes[1])), check(cudaMalloc(&c, 2 * sizes[2]));
  draw<<<1024, 256>>>(a, sizes[0], 1), draw<<<1024, 256>>>(b, sizes[1], 2);
  const auto half = [](__half* p) { return reinterpret_cast<cutlass::half_t*>(p); };
  Gemm gemm;
  const auto launch = [&] {
    const cutlass::Status status =
        gemm({{m, n, k}, {half(a), k}, {half(b), k}, {half(c), n}, {half(c), n}, {0.05f, 0.0f}});
    if (status != cutlass::Status::kSuccess)
      std::fprintf(stderr, "CUTLASS: %s\n", cutlassGetStatusString(status)), std::exit(1);
  };
  for (int i = 0; i < 3; ++i) launch();
  std::vector<float> ms;
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin)), check(cudaEventCreate(&end));
  for (int i = 0; i < 15; ++i) {
    check(cudaEventRecord(begin));
    launch();
    check(cudaEventRecord(end)), check(cudaEventSynchronize(end));
    float t = 0;
    check(cudaEventElapsedTime(&t, begin, end));
    ms.push_back(t);
  }
  check(cudaGetLastError());
  std::sort(ms.begin(), ms.end());
  std::printf("%-4s %dx%dx%d, tiles %dx%dx%d, warps %dx%d, %d stages: %.3f ms, %.0f TFLOP/s\n", name, m, n, k, kM, kN,
              kK, kWarpM, kWarpN, kStages, ms[7], 2e-9 * m * n * k / ms[7]);
  check(cudaFree(a)), check(cudaFree(b)), check(cudaFree(c));
}

}  // namespace

int main() {
  constexpr int rows = 360 * 720;
  run<128, 128, 64, 64, 64, 3>("fc1", rows, 1280, 640);
  run<128, 128, 64, 64, 64, 3>("fc2", rows, 640, 1280);
  run<128, 128, 32, 64, 64, 3>("fc1", rows, 1280, 640);
  run<128, 128, 32, 64, 64, 5>("fc1", rows, 1280, 640);
  run<128, 256, 32, 64, 64, 3>("fc1", rows, 1280, 640);
  run<256, 128, 32, 64, 64, 3>("fc1", rows, 1280, 640);
}
