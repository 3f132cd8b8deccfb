// What a GemmPlan holds for the kernels of each backend.
#pragma once

#include <cuda.h>

#include "engine/gemm/plan.h"

namespace hens::engine {

struct TensorMaps {  // for Hopper's bulk tensor copies
  CUtensorMap a[max_segments], b[max_segments];
};

struct Operands {  // for the others
  Operand a[max_segments], b[max_segments];
};

struct GemmPlan::Inside {
  const Backend* backend = nullptr;
  TensorMaps maps;
  Operands operands;
  Buffer jobs;
  int job_count = 0;
};

}  // namespace hens::engine
