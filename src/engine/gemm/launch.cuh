// The launcher that every phase's file instantiates: the plan's backend picks the kernel.
#pragma once

#include <cuda_runtime.h>

#include "engine/gemm/ampere.cuh"
#include "engine/gemm/hopper.cuh"
#include "engine/gemm/host.cuh"
#include "engine/gemm/plan_impl.h"

namespace hens::engine {

template <typename Shape, typename Epilogue>
void launch_tiles(const GemmPlan::Inside& plan, const Epilogue& epilogue) {
  const Backend& backend = *plan.backend;
  const TileJob* jobs = plan.jobs.as<const TileJob>();
  const auto stream = static_cast<cudaStream_t>(backend.stream());
  if (plan.job_count == 0) return;
  if (backend.kernels() == Kernels::hopper) {
    constexpr int bytes = hopper::Memory<Shape, Epilogue>::bytes;
    const auto kernel = hopper::gemm<Shape, Epilogue>;
    static const int ready = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
    check_cuda(ready, "shared memory of a kernel");
    static const int most = hopper::resident_blocks(kernel, bytes);
    cudaLaunchConfig_t config{};
    config.gridDim = plan.job_count < most ? plan.job_count : most, config.blockDim = hopper::threads;
    config.dynamicSmemBytes = bytes, config.stream = stream;
    cudaLaunchAttribute early{};
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    config.attrs = &early, config.numAttrs = backend.early_launch() ? 1 : 0;
    check_cuda(cudaLaunchKernelEx(&config, kernel, plan.maps, jobs, plan.job_count, epilogue), "launching a kernel");
  } else if (backend.kernels() == Kernels::ampere) {
    const auto kernel = ampere::gemm<Shape, Epilogue>;
    static const ampere::Launch launch = ampere::launch_of<Shape, Epilogue>();
    const int most = launch.blocks * backend.multiprocessors(), grid = plan.job_count < most ? plan.job_count : most;
    kernel<<<grid, ampere::threads, launch.bytes, stream>>>(plan.operands, jobs, plan.job_count, epilogue);
  } else {
    return host::gemm<Shape>(plan.operands.a, plan.operands.b, jobs, plan.job_count, epilogue);
  }
  check_cuda(cudaGetLastError(), "launching a kernel");
}

}  // namespace hens::engine
