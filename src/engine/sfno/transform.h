// The spherical harmonic transform of one of the engine's grids, both ways, as calls of tiles:
//   analysis    folded field -> G -> spectrum
//   synthesis   spectrum -> G -> field
// with the arrays of forward.cc. Its tables live here; fields, spectra and G are the user's. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "engine/gemm/plan.h"
#include "engine/sfno/fields.h"
#include "engine/sfno/tables.h"
#include "engine/sfno/transform_epilogues.cuh"

namespace hens::engine {

class Transform {
 public:
  // `fourier`: where G is, room for coefficients() halves. It outlives the transform, as `backend` does.
  Transform(const Backend& backend, const Sizes& sizes, const Grid& grid, __half* fourier);
  static int64_t coefficients(const Sizes& sizes, const Grid& grid);
  static int64_t spectrum_halves(const Sizes& sizes);  // of a spectrum: a row more than degrees

  // Makes the plans that read this folded field, or this spectrum; before the first launch that does.
  void prepare_analysis(const __half* folded);
  void prepare_synthesis(const __half* spectrum);

  // Each says what it reads and writes; `fourier` is the constructor's. legendre_synthesis also leaves the partial sums
  // that norm() reads: the affine map of the instance norm of the field whose coefficients G holds.
  void fourier_analysis(const __half* folded, __half* fourier) const;
  void legendre_analysis(const __half* fourier, __half* spectrum) const;
  void legendre_synthesis(const __half* spectrum, __half* fourier) const;
  template <Epilogue E>  // FourierSynthesis or FourierSynthesisNorm, which say where the field goes
  void fourier_synthesis(const __half* fourier, const E& epilogue) const {
    launch(*fourier_synthesis_, {{fourier_synthesis_table_.data, fourier}}, epilogue);
  }
  void norm(const AffineOut& map, const NormWeights& weights) const;

  const Grid& grid() const { return grid_; }
  const ActiveRows& active() const { return *active_; }
  double fourier_analysis_flop() const { return fourier_analysis_.begin()->second.flop(); }
  double legendre_analysis_flop() const { return legendre_analysis_->flop(); }
  double legendre_synthesis_flop() const { return legendre_synthesis_.begin()->second.flop(); }
  double fourier_synthesis_flop() const { return fourier_synthesis_->flop(); }

 private:
  Operand upload_table(const Table& table);

  const Backend& backend_;
  const Sizes sizes_;
  const Grid grid_;
  const int width_;          // of channels
  const int64_t order_row_;  // elements of one latitude's Fourier coefficients
  __half* fourier_;
  std::optional<ActiveRows> active_;
  float legendre_scale_ = 1;  // of the analysis
  Buffer partial_;            // [position of the order][tile][part][channel][value, square]; unused tiles stay zero
  std::vector<Buffer> tables_;
  Operand fourier_analysis_table_, legendre_analysis_table_, legendre_synthesis_table_, fourier_synthesis_table_;
  std::map<const __half*, GemmPlan> fourier_analysis_, legendre_synthesis_;  // by what they read
  std::optional<GemmPlan> legendre_analysis_, fourier_synthesis_;
};

}  // namespace hens::engine
