// The forward pass: the buffers of a step, its plans, and the launches in their order (forward.cc is the page to read).
//
// No pass over a field inside a step has a kernel to itself: every norm, activation, fold and sum is an epilogue of
// products (gemm/epilogue.cuh). Fields and spectra are channels last, padded with zeros to the widths of sizes.h. Not
// thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/device/phase_clock.h"
#include "engine/sfno/device_weights.h"
#include "engine/sfno/fields.h"
#include "engine/sfno/layers.h"
#include "engine/sfno/phases.h"
#include "engine/sfno/transform.h"

namespace hens::engine {

class Forward {
 public:
  // `backend` outlives it. Throws Error{gpu} where the memory does not suffice.
  Forward(const Backend& backend, const Sizes& sizes, DeviceWeights weights);
  Forward(const Forward&) = delete;

  // Six hours: from `input` to `state` [row][state_width], and to the state's part of `input`. Launches only.
  void run(float* state);
  // Told of each phase of run(); none: {}.
  void observe(PhaseObserver observer) { observer_ = std::move(observer); }

  InputRows input() const { return {input_.as<__half>(), sizes_.input_width()}; }
  StateRows state_rows(float* values) const {
    return {values, sizes_.outer.nlat, sizes_.outer.nlon, sizes_.state_width()};
  }
  const DeviceWeights& weights() const { return weights_; }
  std::map<std::string, PhaseWork> work() const;

 private:
  // A block's weights (weights.h has their shapes), and its plans.
  struct Block {
    const __half *filter = nullptr, *skip = nullptr;
    MlpWeights mlp;
    NormWeights norm0, norm1;
    std::optional<GemmPlan> convolution_plan, skip_plan, mlp_plan;
  };

  // ---- construction ----
  void make_buffers();
  void make_transforms();
  void make_encoder();
  Block make_block(int i);
  ChainedJobs decoder_jobs() const;
  void make_decoder();

  // ---- a step ----
  void encode();
  void analyse(const Transform& grid, const __half* field, __half* spectrum);
  void synthesise(const Transform& grid, const __half* spectrum, const NormWeights& norm);
  void inner_block(int i);
  void resample();
  void last_block();
  void mlp(const Block& block, const Grid& grid);
  void decode(float* state);
  void phase(const char* name);

  // Whether a row of the state is one tile's, so that its tile may replace the row of `input` that it alone reads.
  bool one_state_tile() const { return sizes_.state_width() <= shapes::State::columns(backend_.kernels()); }
  __half* spectrum(int block) const { return spectra_[block % 2].as<__half>(); }
  AffineOut affine(int norm) const {
    return {affine_.as<float>() + 2 * norm * width_, affine_.as<float>() + (2 * norm + 1) * width_};
  }

  const Backend& backend_;
  const Sizes sizes_;
  const DeviceWeights weights_;
  const int width_;  // of channels

  // Their shapes: forward.cc.
  Buffer input_, field_, points_, fourier_, spectra_[2], mixed_;
  Buffer mlp_sums_, affine_, decoder_weight_, decoder_constant_;
  ChainMemory chain_;

  std::optional<Transform> outer_, inner_;
  std::optional<GemmPlan> encoder_plan_, decoder_plan_;
  std::vector<Block> blocks_;

  PhaseObserver observer_;
  std::optional<NamedRange> range_;  // of the phase that is being launched
};

}  // namespace hens::engine
