#include "engine/sfno/transform.h"

#include <algorithm>

#include "engine/sfno/tile_jobs.h"

namespace hens::engine {

int64_t Transform::coefficients(const Sizes& sizes, const Grid& grid) {
  return std::max(int64_t{2} * grid.northern(), int64_t{grid.nlat}) * 2 * sizes.orders * sizes.width();
}

int64_t Transform::spectrum_halves(const Sizes& sizes) {
  return int64_t{2} * (sizes.lmax + 1) * sizes.orders * sizes.width();
}

Transform::Transform(const Backend& backend, const Sizes& sizes, const Grid& grid, __half* fourier,
                     const __half* degrees)
    : backend_(backend),
      sizes_(sizes),
      grid_(grid),
      width_(sizes.width()),
      order_row_(int64_t{2} * sizes.orders * sizes.width()),
      fourier_(fourier) {
  {
    const AnalysisTables analysis = analysis_tables(sizes, grid);
    legendre_scale_ = analysis.legendre_scale;
    fourier_table_ = upload_table(analysis.fourier);
    legendre_table_ = upload_table(analysis.legendre);
    const SynthesisTables synthesis = synthesis_tables(sizes, grid);
    active_.emplace(sizes, grid, synthesis.legendre);
    inverse_legendre_table_ = upload_table(synthesis.legendre);
    inverse_fourier_table_ = upload_table(synthesis.fourier);
  }
  partial_ = Buffer(backend, sizeof(float) * 4 * static_cast<size_t>(sizes.orders * legendre_tiles(grid) * width_));
  const int64_t two = 2 * width_, northern = grid.northern();
  const Operand sums{fourier, {two, northern, sizes.orders, 2}, {1, order_row_, two, northern * order_row_}};
  legendre_.emplace(backend, layer_traits<shapes::Legendre>(), std::vector(2, legendre_table_), std::vector(2, sums),
                    legendre_forward_jobs(sizes, grid, *active_, shapes::Legendre::columns(backend.kernels())));
  inverse_legendre_.emplace(legendre_of(degrees));
  const Operand waves{fourier, {width_, sizes.orders, 2, grid.nlat}, {1, two, width_, order_row_}};
  inverse_fourier_.emplace(backend, layer_traits<shapes::Fourier>(), std::vector{inverse_fourier_table_},
                           std::vector{waves},
                           fourier_inverse_jobs(sizes, grid, *active_, shapes::Fourier::columns(backend.kernels())));
}

Operand Transform::upload_table(const Table& table) {
  const size_t bytes = table.values.size() * sizeof(uint16_t);
  tables_.emplace_back(backend_, bytes);
  upload(backend_, tables_.back().as<void>(), table.values.data(), bytes);
  Operand operand = table.operand;
  operand.data = tables_.back().as<void>();
  return operand;
}

GemmPlan Transform::fourier_of(const __half* folded) const {
  const int64_t quads = grid_.quads();
  const Operand by_quad{folded, {width_, quads, 4, grid_.nlat}, {1, 4 * width_, width_, 4 * quads * width_}};
  return GemmPlan(backend_, layer_traits<shapes::Fourier>(), {fourier_table_}, {by_quad},
                  fourier_forward_jobs(sizes_, grid_, *active_, shapes::Fourier::columns(backend_.kernels())));
}

GemmPlan Transform::legendre_of(const __half* degrees) const {
  const int64_t two = 2 * width_;
  const Operand by_parity{
      degrees, {two, (sizes_.lmax + 1) / 2, sizes_.orders, 2}, {1, 2 * order_row_, two, order_row_}};
  return GemmPlan(backend_, layer_traits<shapes::Legendre>(), std::vector(2, inverse_legendre_table_),
                  std::vector(2, by_parity),
                  legendre_inverse_jobs(sizes_, grid_, *active_, shapes::Legendre::columns(backend_.kernels())));
}

void Transform::fourier_forward(const GemmPlan& of_field) const {
  launch(of_field, FourierForward{fourier_, grid_.northern() * order_row_, order_row_, width_});
}

void Transform::legendre_forward(__half* spectrum) const {
  launch(*legendre_, LegendreForward{spectrum, order_row_, 2 * width_, 2 * width_, sizes_.lmax, legendre_scale_});
}

void Transform::legendre_back(const GemmPlan& of_spectrum) const {
  launch(of_spectrum,
         LegendreInverse{fourier_, order_row_, 2 * width_, grid_.nlat, 1.0f / spectrum_scale, partial_.as<float>()});
}

void Transform::norm(float* scale, float* shift, const NormWeights& weights) const {
  const int nyquist = sizes_.orders > grid_.half() ? sizes_.position(grid_.half()) : -1;
  spectral_norm(backend_, scale, shift, partial_.as<float>(), sizes_.orders, legendre_tiles(grid_), width_, grid_.nlat,
                nyquist, weights);
}

}  // namespace hens::engine
