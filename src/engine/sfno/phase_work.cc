// What each phase of a step multiplies and moves, at least: the yardstick of `hens bench`.
#include <algorithm>

#include "engine/sfno/forward.h"

namespace hens::engine {
namespace {

// Adds up phases of a network of some sizes.
class Work {
 public:
  explicit Work(const Sizes& sizes) : sizes_(sizes), row_(sizes.width() * element) {
    double pairs = 0;  // (l, m) with m <= l
    for (int l = 0; l < sizes.lmax; ++l) pairs += std::min(l + 1, sizes.orders);
    spectrum_ = 2 * pairs * row_;
  }
  void add(const char* phase, double flop, double bytes) { work_[phase].flop += flop, work_[phase].bytes += bytes; }
  void analysis(const Transform& t) {
    add("fourier analysis", t.fourier_analysis_flop(), field(t.grid()) + coefficients(t));
    add("legendre analysis", t.legendre_analysis_flop(), coefficients(t) + spectrum_);
  }
  void synthesis(const Transform& t) {
    add("legendre synthesis", t.legendre_synthesis_flop(), spectrum_ + coefficients(t));
    add("fourier synthesis", t.fourier_synthesis_flop(), coefficients(t) + field(t.grid()));
  }
  double field(const Grid& grid) const { return static_cast<double>(grid.rows()) * row_; }
  double spectrum() const { return spectrum_; }
  double filter() const { return 2.0 * sizes_.lmax * sizes_.embed * row_; }
  std::map<std::string, PhaseWork> sum() const { return work_; }

  static constexpr double element = sizeof(__half);

 private:
  double coefficients(const Transform& t) const {  // of all rows
    double orders = 0;
    for (int lat = 0; lat < t.grid().nlat; ++lat) orders += t.active().orders(std::min(lat, t.grid().nlat - 1 - lat));
    return 2 * orders * row_;
  }

  const Sizes& sizes_;
  const double row_;
  double spectrum_ = 0;
  std::map<std::string, PhaseWork> work_;
};

}  // namespace

std::map<std::string, PhaseWork> Forward::work() const {
  const Sizes& z = sizes_;
  Work work(z);
  const double rows = static_cast<double>(z.outer.rows()), input_row = z.input_width() * Work::element;
  work.add("encoder", encoder_plan_->flop(), rows * input_row + work.field(z.outer));
  work.analysis(*outer_);
  for (int i = 0; i < z.blocks; ++i) {
    const Block& block = blocks_[static_cast<size_t>(i)];
    const bool last = i == z.blocks - 1;
    const Transform& grid = last ? *outer_ : *inner_;
    work.add("spectral convolution", block.convolution_plan->flop(), 2 * work.spectrum() + work.filter());
    work.synthesis(grid);
    work.add("mlp", block.mlp_plan->flop(), 2 * work.field(grid.grid()));
    work.add("skip", block.skip_plan->flop(), (last ? 2 : 3) * work.spectrum());
    if (last) {
      work.synthesis(*outer_);
    } else {
      work.analysis(*inner_);
    }
  }
  if (!keeps_spectrum(z, z.inner)) {
    work.synthesis(*inner_);
    work.analysis(*inner_);
  }
  work.add("decoder", decoder_plan_->flop(),
           2 * work.field(z.outer) + rows * (2 * input_row + z.state_width() * (sizeof(float) + 2 * Work::element)));
  return work.sum();
}

}  // namespace hens::engine
