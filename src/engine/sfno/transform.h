// The spherical harmonic transform of one of the engine's grids, both ways, as calls of tiles:
//   analysis    folded field -> G -> S
//   synthesis   T -> G -> field
// with the arrays of network.h. Their tables live here; the fields and spectra are the user's.
#pragma once

#include <optional>
#include <vector>

#include "engine/gemm/plan.h"
#include "engine/sfno/fields.h"
#include "engine/sfno/tables.h"

namespace hens::engine {

class Transform {
 public:
  // `fourier`: where G is, room for coefficients() halves; `degrees`: T. They outlive the transform, and so do its
  // plans' other arrays and `backend`.
  Transform(const Backend& backend, const Sizes& sizes, const Grid& grid, __half* fourier, const __half* degrees);
  static int64_t coefficients(const Sizes& sizes, const Grid& grid);
  static int64_t spectrum_halves(const Sizes& sizes);  // of S and T: a row more than degrees

  // Prepares the Fourier sums of a folded field, and Legendre sums of another spectrum than T.
  GemmPlan fourier_of(const __half* folded) const;
  GemmPlan legendre_of(const __half* degrees) const;

  void fourier_forward(const GemmPlan& of_field) const;              // -> G
  void legendre_forward(__half* spectrum) const;                     // G -> S
  void legendre_back(const GemmPlan& of_spectrum) const;             // -> G, and the partial sums of an instance norm
  void legendre_back() const { legendre_back(*inverse_legendre_); }  // T -> G
  template <typename Epilogue>                                       // G -> field
  void fourier_back(const Epilogue& epilogue) const {
    launch(*inverse_fourier_, epilogue);
  }
  // The affine map of the instance norm of the field whose coefficients legendre_back() has made.
  void norm(float* scale, float* shift, const NormWeights& weights) const;

  const Grid& grid() const { return grid_; }
  const ActiveRows& active() const { return *active_; }
  double legendre_forward_flop() const { return legendre_->flop(); }
  double legendre_back_flop() const { return inverse_legendre_->flop(); }
  double fourier_back_flop() const { return inverse_fourier_->flop(); }

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
  Buffer partial_;            // by order and tile; tiles without active rows stay zero
  std::vector<Buffer> tables_;
  Operand fourier_table_, legendre_table_, inverse_legendre_table_, inverse_fourier_table_;
  std::optional<GemmPlan> legendre_, inverse_legendre_, inverse_fourier_;
};

}  // namespace hens::engine
