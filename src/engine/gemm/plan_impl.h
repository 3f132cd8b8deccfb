// What a GemmPlan holds for each set of kernels. Seen by the kernels and their launchers alone.
#pragma once

#include <cuda.h>

#include "engine/gemm/plan.h"

namespace hens::engine {

struct TensorMaps {  // for TMA
  CUtensorMap a[max_segments], b[max_segments];
};

struct Operands {  // for the others
  Operand a[max_segments], b[max_segments];
};

struct GemmPlan::Impl {
  const Backend* backend = nullptr;
  LayerTraits tiles;
  TensorMaps maps;
  Operands operands;
  Buffer jobs;
  int job_count = 0;
};

}  // namespace hens::engine
