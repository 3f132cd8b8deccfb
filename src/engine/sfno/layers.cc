#include "engine/sfno/layers.h"

#include "engine/sfno/tile_jobs.h"

namespace hens::engine {

Operand matrix(const void* data, int64_t rows, int64_t columns, int64_t stride) {
  return {data, {columns, rows, 1, 1}, {1, stride, 0, 0}};
}

GemmPlan convolution_plan(const Backend& backend, const Sizes& sizes, const __half* spectrum, const __half* filter) {
  const int64_t width = sizes.width(), embed = sizes.embed;
  const Operand by_degree{
      spectrum, {width, sizes.orders, 2, sizes.lmax}, {1, 2 * width, width, int64_t{2} * sizes.orders * width}};
  const Operand filters{filter, {width, embed, 2, sizes.lmax}, {1, width, embed * width, 2 * embed * width}};
  const int columns = SpectralConvolution::Tiles::columns(backend.kernels());
  return plan_for<SpectralConvolution>(backend, {{by_degree, filters}}, convolution_jobs(sizes, columns));
}

SpectralConvolution convolution(const Sizes& sizes, __half* to) {
  const int width = sizes.width();
  return {.out = to,
          .degree_stride = int64_t{2} * sizes.orders * width,
          .order_stride = 2 * width,
          .part_stride = width,
          .columns = width};
}

ChainedJobs mlp_jobs(const Backend& backend, const Sizes& sizes, const Grid& grid, int tiles_behind) {
  const int columns = shapes::Pointwise::columns(backend.kernels());
  return chained_jobs(grid.rows(), {{sizes.used_width()}, sizes.used_hidden(), columns},
                      {{sizes.used_hidden()}, sizes.used_width(), columns}, tiles_behind, Order::outwards);
}

GemmPlan mlp_plan(const Backend& backend, const Sizes& sizes, const Grid& grid, const ChainedJobs& jobs,
                  const __half* points, const MlpWeights& weights, const ChainMemory& memory) {
  const int width = sizes.width(), hidden = sizes.hidden_width();
  return plan_for<Mlp>(
      backend,
      {{matrix(points, grid.rows(), width), matrix(weights.fc1, sizes.hidden, width)},
       {matrix(memory.ring.as<void>(), jobs.ring_rows, hidden), matrix(weights.fc2, sizes.embed, hidden)}},
      jobs.jobs);
}

Mlp mlp(const Sizes& sizes, const Grid& grid, const MlpWeights& weights, const ChainMemory& memory, __half* points,
        float* partial) {
  return {.first = {.out = memory.ring.as<__half>(), .bias = weights.fc1_bias, .columns = sizes.hidden_width()},
          .second = {.out = points,
                     .bias = weights.fc2_bias,
                     .half = grid.half(),
                     .columns = sizes.width(),
                     .partial = partial},
          .done = memory.counters.as<uint32_t>()};
}

}  // namespace hens::engine
