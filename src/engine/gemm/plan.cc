#include "engine/gemm/plan.h"

#include <cassert>
#include <dlfcn.h>

#include "base/error.h"
#include "engine/gemm/plan_impl.h"
#include "engine/sfno/tile_jobs.h"

namespace hens::engine {
namespace {

using Encode = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*, const cuuint64_t*,
                            const cuuint32_t*, const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle,
                            CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

// From the driver by name: the toolkits between CUDA 12 and 13 name their way to it differently.
Encode encoder() {
  static const auto function = [] {
    void* driver = dlopen("libcuda.so.1", RTLD_NOW);
    return driver == nullptr ? nullptr : reinterpret_cast<Encode>(dlsym(driver, "cuTensorMapEncodeTiled"));
  }();
  if (function == nullptr) fail(ExitCode::gpu, "the NVIDIA driver has no tensor maps: it is older than CUDA 12");
  return function;
}

void check_alignment(const Operand& operand) {
  assert(operand.stride[0] == 1 && reinterpret_cast<uintptr_t>(operand.data) % 16 == 0);
  for (int i = 1; i < 4; ++i) assert(operand.stride[i] % 8 == 0);
}

CUtensorMap tensor_map(const Operand& operand, int box_rows) {
  cuuint64_t size[4], stride[3];
  for (int i = 0; i < 4; ++i) size[i] = static_cast<cuuint64_t>(operand.size[i]);
  // A dimension of one element may have no stride; the driver wants one.
  for (int i = 1; i < 4; ++i)
    stride[i - 1] = static_cast<cuuint64_t>(operand.stride[i] > 0 ? operand.stride[i] * 2 : 16);
  const cuuint32_t box[4] = {tile_depth, static_cast<cuuint32_t>(box_rows), 1, 1}, steps[4] = {1, 1, 1, 1};
  CUtensorMap map;
  const CUresult code = encoder()(&map, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 4, const_cast<void*>(operand.data), size,
                                  stride, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                                  CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (code != CUDA_SUCCESS) fail(ExitCode::gpu, "cuTensorMapEncodeTiled: error {}", static_cast<int>(code));
  return map;
}

}  // namespace

GemmPlan::GemmPlan(const Backend& backend, const LayerTraits& tiles, const std::vector<Operand>& a,
                   const std::vector<Operand>& b, const std::vector<TileJob>& jobs)
    : inside_(std::make_unique<Inside>()) {
  assert(a.size() == b.size() && !a.empty() && a.size() <= max_segments);
  inside_->backend = &backend;
  for (size_t s = 0; s < max_segments; ++s) {
    inside_->operands.a[s] = a[s < a.size() ? s : 0];
    inside_->operands.b[s] = b[s < b.size() ? s : 0];
    check_alignment(inside_->operands.a[s]);
    check_alignment(inside_->operands.b[s]);
    if (backend.kernels() != Kernels::hopper) continue;
    inside_->maps.a[s] = tensor_map(inside_->operands.a[s], tiles[s > 0].a_rows);
    inside_->maps.b[s] = tensor_map(inside_->operands.b[s], tiles[s > 0].b_rows);
  }
  for (const TileJob& job : jobs) {
    const TileTraits& layer = tiles[in_second_layer(job)];
    const int columns = backend.kernels() == Kernels::hopper ? layer.hopper_columns : layer.ampere_columns;
    const double products = static_cast<double>(job.k[0]) + job.k[1] + job.k[2] + job.k[3];
    flop_ += (layer.mode == TileMode::complex ? 8.0 : 2.0) * job.rows * columns * products;
  }
  const std::vector<TileJob> uploaded = backend.kernels() == Kernels::hopper ? in_pairs(jobs, tiles[0].shared) : jobs;
  inside_->job_count = static_cast<int>(uploaded.size());
  inside_->jobs = Buffer(backend, uploaded.size() * sizeof(TileJob));
  upload(backend, inside_->jobs.as<void>(), uploaded.data(), uploaded.size() * sizeof(TileJob));
}

GemmPlan::~GemmPlan() = default;
GemmPlan::GemmPlan(GemmPlan&&) noexcept = default;
GemmPlan& GemmPlan::operator=(GemmPlan&&) noexcept = default;

}  // namespace hens::engine
