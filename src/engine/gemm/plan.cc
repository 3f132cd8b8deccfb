#include "engine/gemm/plan.h"

#include <cassert>
#include <dlfcn.h>

#include "base/error.h"
#include "engine/gemm/plan_impl.h"
#include "engine/gemm/tile_jobs.h"

namespace hens::engine {
namespace {

using Encode = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*, const cuuint64_t*,
                            const cuuint32_t*, const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle,
                            CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

// From the driver by name: the toolkits between CUDA 12 and 13 name their way to it differently.
Encode tensor_map_encoder() {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW);  // loaded already, and for good: there is a backend
  const auto encode = driver == nullptr ? nullptr : reinterpret_cast<Encode>(dlsym(driver, "cuTensorMapEncodeTiled"));
  if (encode == nullptr) fail(ExitCode::gpu, "the NVIDIA driver has no tensor maps: it is older than CUDA 12");
  return encode;
}

void check_alignment(const Operand& operand) {
  assert(operand.stride[0] == 1 && reinterpret_cast<uintptr_t>(operand.data) % 16 == 0);
  for (int i = 1; i < 4; ++i) assert(operand.stride[i] % 8 == 0);
}

CUtensorMap tensor_map(Encode encode, const Operand& operand, int box_rows) {
  cuuint64_t size[4], stride[3];
  for (int i = 0; i < 4; ++i) size[i] = static_cast<cuuint64_t>(operand.size[i]);
  // A dimension of one element may have no stride; the driver wants one.
  for (int i = 1; i < 4; ++i)
    stride[i - 1] = static_cast<cuuint64_t>(operand.stride[i] > 0 ? operand.stride[i] * 2 : 16);
  const cuuint32_t box[4] = {tile_depth, static_cast<cuuint32_t>(box_rows), 1, 1}, steps[4] = {1, 1, 1, 1};
  CUtensorMap map;
  const CUresult code = encode(&map, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 4, const_cast<void*>(operand.data), size, stride,
                               box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                               CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (code != CUDA_SUCCESS) fail(ExitCode::gpu, "cuTensorMapEncodeTiled: error {}", static_cast<int>(code));
  return map;
}

}  // namespace

GemmPlan::GemmPlan(const Backend& backend, const LayerTraits& tiles, const std::vector<Segment>& segments,
                   const std::vector<TileJob>& jobs)
    : impl_(std::make_unique<Impl>()) {
  assert(!segments.empty() && segments.size() <= max_segments);
  const bool clusters = backend.kernel_set().clusters;
  const Encode encode = clusters ? tensor_map_encoder() : nullptr;
  impl_->backend = &backend;
  impl_->tiles = tiles;
  for (size_t s = 0; s < max_segments; ++s) {
    const auto& [a, b] = segments[s < segments.size() ? s : 0];
    check_alignment(a);
    check_alignment(b);
    impl_->operands.a[s] = a, impl_->operands.b[s] = b;
    if (!clusters) continue;
    impl_->maps.a[s] = tensor_map(encode, a, tiles[s > 0].a_rows);
    impl_->maps.b[s] = tensor_map(encode, b, tiles[s > 0].b_rows);
  }
  for (const TileJob& job : jobs) {
    const TileTraits& layer = tiles[in_second_layer(job)];
    const double products = static_cast<double>(job.k[0]) + job.k[1] + job.k[2] + job.k[3];
    flop_ += (layer.mode == TileMode::complex ? 8.0 : 2.0) * job.rows * layer.columns(backend.kernels()) * products;
  }
  const std::vector<TileJob> uploaded = clusters ? in_pairs(jobs, tiles[0].multicast) : jobs;
  impl_->job_count = static_cast<int>(uploaded.size());
  impl_->jobs = Buffer(backend, uploaded.size() * sizeof(TileJob));
  upload(backend, impl_->jobs.as<void>(), uploaded.data(), uploaded.size() * sizeof(TileJob));
}

void GemmPlan::expect([[maybe_unused]] const LayerTraits& tiles) const { assert(impl_->tiles == tiles); }

void GemmPlan::expect(std::initializer_list<Reads> segments) const {
  [[maybe_unused]] int s = 0;
  for ([[maybe_unused]] const Reads& reads : segments) {
    assert(s < max_segments && impl_->operands.a[s].data == reads.a && impl_->operands.b[s].data == reads.b);
    ++s;
  }
}

GemmPlan::~GemmPlan() = default;
GemmPlan::GemmPlan(GemmPlan&&) noexcept = default;
GemmPlan& GemmPlan::operator=(GemmPlan&&) noexcept = default;

}  // namespace hens::engine
