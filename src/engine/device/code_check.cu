#include "engine/device/code_check.h"

#include <cuda_runtime.h>

namespace hens::engine {
namespace {

// Compiled for the same cards as all kernels of this program.
__global__ void nothing() {}

}  // namespace

bool have_code() {
  cudaFuncAttributes ignored;
  const bool found = cudaFuncGetAttributes(&ignored, nothing) == cudaSuccess;
  cudaGetLastError();  // forgotten, if it was one
  return found;
}

}  // namespace hens::engine
