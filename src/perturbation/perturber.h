// Initial states of an ensemble's members: analyses in, perturbed states out, by the method that the spec names.
//
// Where the ensemble has a control, member 0 is the analysis, and member k is perturbed as member k - 1 without it.
// Member k of a model and initial time is a pure function of (spec, seed, initial time, model, k) and the analyses: its
// bits do not depend on which members were made before. Not thread-safe.
#pragma once

#include <future>
#include <map>
#include <optional>
#include <vector>

#include <ATen/ATen.h>

#include "job/job_spec.h"
#include "model/engine.h"
#include "perturbation/bred_vector.h"
#include "perturbation/noise.h"

namespace hens {

// Valid times of the analyses that members starting at `initial_time` need, ascending; the last is `initial_time`.
// `step` is the model's time step.
std::vector<Time> analysis_times(const PerturbationSpec& spec, Time initial_time, Duration step = model_step);

class Perturber {
 public:
  // For models with the channels, grid, standard deviations and time step of `engine`. Throws Error{bad_spec} naming an
  // amplitude's channel that the model does not have, or a grid on which the noise is not defined.
  Perturber(const PerturbationSpec& spec, const Engine& engine, const EnsembleSpec& ensemble);

  // Takes the analyses of one initial time, at analysis_times(), each [channel, lat, lon] float32 in physical units on
  // any device, and `model`, the model's index in the job. Breeding: runs the control steps, which all members share,
  // on `engine`; a roll-out under way on it ends.
  void prepare(Engine& engine, std::vector<at::Tensor> analyses, Time initial_time, int model);

  // The perturbed initial state of `member`, 0 or greater: [channel, lat, lon] float32 on the engine's device, not to
  // be changed by the caller (members of method none share it). Requires prepare(). Breeding steps `engine`, on which a
  // roll-out under way ends; the second member of a pair costs nothing if it is asked for right after the first.
  //
  // Channels of amplitude 0 draw nothing and equal the analysis. Breeding clips all humidity channels at 0, as the peer
  // does, whatever their amplitude; noise alone is not clipped.
  at::Tensor member(Engine& engine, int member);

  // Begins to draw the noise that `member` will need, on a thread of its own, while members before it step: drawing is
  // the host's work. Draws nothing anew. Requires prepare().
  void expect(int member);

  // The key of `member`'s own draws, beside those of its perturbation (first_model_stream). Requires prepare().
  MemberKey member_key(int member) const { return key(member); }

 private:
  MemberKey key(int pair) const { return {ensemble_.seed, initial_time_, model_, pair}; }
  bool breeds() const { return spec_.method == PerturbationMethod::hemispheric_centred_bred_vector; }
  // Noise of the channels that have an amplitude, scaled: [noisy channel, lat, lon] float32 on the host.
  static at::Tensor draw_noise(const CorrelatedSphericalGaussian& noise, const MemberKey& key,
                               const std::vector<int>& channels, const std::vector<float>& amplitude);
  at::Tensor scaled_noise(int pair);  // [channel, lat, lon] on the analysis' device
  const at::Tensor& pair_perturbation(Engine& engine, int pair);

  PerturbationSpec spec_;
  EnsembleSpec ensemble_;
  std::vector<std::string> channels_;
  std::vector<float> noise_amplitude_;                // [channel]
  std::vector<int> noisy_channels_;                   // those of amplitude other than 0
  at::Tensor bred_amplitude_;                         // [channel]; breeding only
  std::optional<CorrelatedSphericalGaussian> noise_;  // outlives what expected_ draws: declared before it

  Time initial_time_{};
  int model_ = 0;
  std::map<int, std::future<at::Tensor>> expected_;  // draw_noise() of a pair
  at::Tensor analysis_;                              // [channel, lat, lon] at the initial time
  BreedingControl control_;
  int bred_pair_ = -1;  // whose perturbation bred_ is; -1: none
  at::Tensor bred_;     // [channel, lat, lon]
};

}  // namespace hens
