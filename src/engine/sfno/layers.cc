#include "engine/sfno/layers.h"

namespace hens::engine {

Operand matrix(const void* data, int64_t rows, int64_t columns, int64_t stride) {
  return {data, {columns, rows, 1, 1}, {1, stride, 0, 0}};
}

ConvolutionLayer::ConvolutionLayer(const Backend& backend, const Sizes& sizes, const __half* spectrum,
                                   const __half* filter)
    : width_(sizes.width()),
      order_row_(int64_t{2} * sizes.orders * width_),
      plan_(backend, layer_traits<shapes::Mixing>(),
            {Operand{spectrum, {width_, sizes.orders, 2, sizes.lmax}, {1, int64_t{2} * width_, width_, order_row_}}},
            {Operand{filter,
                     {width_, sizes.embed, 2, sizes.lmax},
                     {1, width_, int64_t{sizes.embed} * width_, int64_t{2} * sizes.embed * width_}}},
            mixing_jobs(sizes, shapes::Mixing::columns(backend.kernels()))) {}

void ConvolutionLayer::launch(__half* to) const {
  engine::launch(plan_, Mixing{to, order_row_, 2 * width_, width_, width_});
}

ChainedJobs mlp_jobs(const Backend& backend, const Sizes& sizes, const Grid& grid, int tiles_behind) {
  const int columns = shapes::Pointwise::columns(backend.kernels());
  return chained_jobs(grid.rows(), {{sizes.used_width()}, sizes.used_hidden(), columns},
                      {{sizes.used_hidden()}, sizes.used_width(), columns}, tiles_behind, Order::outwards);
}

MlpLayer::MlpLayer(const Backend& backend, const Sizes& sizes, const Grid& grid, const ChainedJobs& jobs,
                   const MlpWeights& weights, __half* points, const ChainMemory& memory, float* partial)
    : backend_(backend),
      memory_(memory),
      epilogue_{{memory.ring.as<__half>(), weights.fc1_bias, sizes.hidden_width()},
                {points, weights.fc2_bias, grid.half(), sizes.width(), partial},
                memory.done.as<uint32_t>()},
      plan_(backend, layer_traits<shapes::Mlp>(),
            {matrix(points, grid.rows(), sizes.width(), sizes.width()),
             matrix(memory.ring.as<void>(), jobs.ring_rows, sizes.hidden_width(), sizes.hidden_width())},
            {matrix(weights.fc1, sizes.hidden, sizes.width(), sizes.width()),
             matrix(weights.fc2, sizes.embed, sizes.hidden_width(), sizes.hidden_width())},
            jobs.jobs) {}

void MlpLayer::launch() const {
  clear(backend_, memory_.done);
  engine::launch(plan_, epilogue_);
}

}  // namespace hens::engine
