#include "engine/sfno/transform.h"

#include <algorithm>
#include <cassert>

#include "engine/sfno/tile_jobs.h"

namespace hens::engine {
namespace {

const GemmPlan& plan_of(const std::map<const __half*, GemmPlan>& plans, const __half* read) {
  const auto found = plans.find(read);
  assert(found != plans.end());  // else it was not prepared
  return found->second;
}

}  // namespace

int64_t Transform::coefficients(const Sizes& sizes, const Grid& grid) {
  return std::max(int64_t{2} * grid.northern(), int64_t{grid.nlat}) * 2 * sizes.orders * sizes.width();
}

int64_t Transform::spectrum_halves(const Sizes& sizes) {
  return int64_t{2} * (sizes.lmax + 1) * sizes.orders * sizes.width();
}

Transform::Transform(const Backend& backend, const Sizes& sizes, const Grid& grid, __half* fourier)
    : backend_(backend),
      sizes_(sizes),
      grid_(grid),
      width_(sizes.width()),
      order_row_(int64_t{2} * sizes.orders * sizes.width()),
      fourier_(fourier) {
  {
    const AnalysisTables analysis = analysis_tables(sizes, grid);
    legendre_scale_ = analysis.legendre_scale;
    fourier_analysis_table_ = upload_table(analysis.fourier);
    legendre_analysis_table_ = upload_table(analysis.legendre);
    const SynthesisTables synthesis = synthesis_tables(sizes, grid);
    active_.emplace(sizes, grid, synthesis.legendre);
    legendre_synthesis_table_ = upload_table(synthesis.legendre);
    fourier_synthesis_table_ = upload_table(synthesis.fourier);
  }
  partial_ = Buffer(backend, sizeof(float) * 4 * static_cast<size_t>(sizes.orders * legendre_tiles(grid) * width_));
  const int64_t two = 2 * width_, northern = grid.northern();
  const Operand sums{fourier, {two, northern, sizes.orders, 2}, {1, order_row_, two, northern * order_row_}};
  legendre_analysis_.emplace(plan_for<LegendreAnalysis>(
      backend, std::vector(2, Segment{legendre_analysis_table_, sums}),
      legendre_analysis_jobs(sizes, grid, *active_, LegendreAnalysis::Tiles::columns(backend.kernels()))));
  const Operand waves{fourier, {width_, sizes.orders, 2, grid.nlat}, {1, two, width_, order_row_}};
  fourier_synthesis_.emplace(plan_for<FourierSynthesis>(
      backend, {{fourier_synthesis_table_, waves}},
      fourier_synthesis_jobs(sizes, grid, *active_, FourierSynthesis::Tiles::columns(backend.kernels()))));
}

Operand Transform::upload_table(const Table& table) {
  const size_t bytes = table.values.size() * sizeof(uint16_t);
  tables_.emplace_back(backend_, bytes);
  upload(backend_, tables_.back().as<void>(), table.values.data(), bytes);
  Operand operand = table.operand;
  operand.data = tables_.back().as<void>();
  return operand;
}

void Transform::prepare_analysis(const __half* folded) {
  const int64_t quads = grid_.quads();
  const Operand by_quad{folded, {width_, quads, 4, grid_.nlat}, {1, 4 * width_, width_, 4 * quads * width_}};
  fourier_analysis_.emplace(
      folded, plan_for<FourierAnalysis>(
                  backend_, {{fourier_analysis_table_, by_quad}},
                  fourier_analysis_jobs(sizes_, grid_, *active_, FourierAnalysis::Tiles::columns(backend_.kernels()))));
}

void Transform::prepare_synthesis(const __half* spectrum) {
  const int64_t two = 2 * width_;
  const Operand by_parity{
      spectrum, {two, (sizes_.lmax + 1) / 2, sizes_.orders, 2}, {1, 2 * order_row_, two, order_row_}};
  legendre_synthesis_.emplace(
      spectrum,
      plan_for<LegendreSynthesis>(
          backend_, std::vector(2, Segment{legendre_synthesis_table_, by_parity}),
          legendre_synthesis_jobs(sizes_, grid_, *active_, LegendreSynthesis::Tiles::columns(backend_.kernels()))));
}

void Transform::fourier_analysis(const __half* folded, __half* fourier) const {
  assert(fourier == fourier_);
  launch(
      plan_of(fourier_analysis_, folded), {{fourier_analysis_table_.data, folded}},
      FourierAnalysis{
          .out = fourier, .half_stride = grid_.northern() * order_row_, .row_stride = order_row_, .columns = width_});
}

void Transform::legendre_analysis(const __half* fourier, __half* spectrum) const {
  launch(*legendre_analysis_, {{legendre_analysis_table_.data, fourier}, {legendre_analysis_table_.data, fourier}},
         LegendreAnalysis{.out = spectrum,
                          .degree_stride = order_row_,
                          .order_stride = 2 * width_,
                          .columns = 2 * width_,
                          .degrees = sizes_.lmax,
                          .scale = legendre_scale_});
}

void Transform::legendre_synthesis(const __half* spectrum, __half* fourier) const {
  assert(fourier == fourier_);
  launch(plan_of(legendre_synthesis_, spectrum),
         {{legendre_synthesis_table_.data, spectrum}, {legendre_synthesis_table_.data, spectrum}},
         LegendreSynthesis{.out = fourier,
                           .row_stride = order_row_,
                           .columns = 2 * width_,
                           .rows = grid_.nlat,
                           .scale = 1.0f / spectrum_scale,
                           .partial = partial_.as<float>()});
}

void Transform::norm(const AffineOut& map, const NormWeights& weights) const {
  spectral_norm(backend_, map,
                {.partial = partial_.as<float>(),
                 .orders = sizes_.orders,
                 .tiles = legendre_tiles(grid_),
                 .width = width_,
                 .nlat = grid_.nlat,
                 .nyquist = sizes_.orders > grid_.half() ? sizes_.position(grid_.half()) : -1},
                weights);
}

}  // namespace hens::engine
