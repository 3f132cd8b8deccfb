// launch() of plan.h: the plan's backend picks the set of kernels. Included by .cu files that instantiate it:
//   template void launch(const GemmPlan&, const SomeEpilogue&);
#pragma once

#include "engine/gemm/ampere.cuh"
#include "engine/gemm/hopper.cuh"
#include "engine/gemm/host.cuh"
#include "engine/gemm/plan_impl.h"

namespace hens::engine {

template <TileEpilogue E>
void launch(const GemmPlan& plan, const E& epilogue) {
  using Shape = typename E::Tiles;
  plan.expect(layer_traits<Shape>());
  if (plan.impl().job_count == 0) return;
  switch (plan.impl().backend->kernels()) {
#define HENS_LAUNCH(name, ...) \
  case Kernels::name:          \
    return name::launch<Shape>(plan.impl(), epilogue);
    HENS_KERNEL_SETS(HENS_LAUNCH)
#undef HENS_LAUNCH
  }
}

}  // namespace hens::engine
