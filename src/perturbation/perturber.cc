#include "perturbation/perturber.h"

#include <cassert>
#include <stdexcept>

namespace hens {

std::vector<Time> analysis_times(const PerturbationSpec& spec, Time initial_time, Duration step) {
  const bool breeds = spec.method == PerturbationMethod::hemispheric_centred_bred_vector;
  std::vector<Time> times;
  for (int cycle = breeds ? spec.integration_steps : 0; cycle >= 0; --cycle) {
    times.push_back(initial_time - cycle * step);
  }
  return times;
}

Perturber::Perturber(const PerturbationSpec& spec, const Engine& engine, const EnsembleSpec& ensemble)
    : spec_(spec), ensemble_(ensemble), channels_(engine.channel_names()) {
  if (spec.method == PerturbationMethod::none) return;
  const bool breeds = spec.method == PerturbationMethod::hemispheric_centred_bred_vector;
  const Amplitudes& outer = spec.amplitude.empty() ? spec.noise.amplitude : spec.amplitude;
  const auto resolve = [&](const Amplitudes& amplitudes) {
    return resolve_amplitudes(amplitudes, engine.channel_names(), engine.channel_std());
  };
  noise_amplitude_ = resolve(breeds ? spec.noise.amplitude : outer);
  for (size_t c = 0; c < noise_amplitude_.size(); ++c) {
    if (noise_amplitude_[c] != 0.0f) noisy_channels_.push_back(static_cast<int>(c));
  }
  if (breeds) bred_amplitude_ = at::tensor(resolve(outer));
  noise_.emplace(spec.noise, engine.grid().nlat(), engine.grid().nlon(), at::kCPU);
}

void Perturber::prepare(Engine& engine, std::vector<at::Tensor> analyses, Time initial_time, int model) {
  assert(analyses.size() == analysis_times(spec_, initial_time, engine.time_step()).size());
  expected_.clear();  // of another initial time
  for (at::Tensor& analysis : analyses) analysis = analysis.to(engine.device(), at::kFloat);
  initial_time_ = initial_time;
  model_ = model;
  analysis_ = analyses.back();
  bred_pair_ = -1;
  bred_.reset();
  control_ = {};  // frees the last time's before the next one's is made
  if (analyses.size() > 1) control_ = make_breeding_control(engine, std::move(analyses), initial_time);
}

at::Tensor Perturber::member(Engine& engine, int member) {
  assert(analysis_.defined() && member >= 0);
  if (ensemble_.control && member-- == 0) return analysis_;
  switch (spec_.method) {
    case PerturbationMethod::none:
      return analysis_;
    case PerturbationMethod::correlated_spherical_gaussian:
      return analysis_ + scaled_noise(member);
    case PerturbationMethod::hemispheric_centred_bred_vector:
      return perturbed_member(analysis_, pair_perturbation(engine, member / 2), member % 2 == 0 ? 1 : -1, channels_);
  }
  throw std::logic_error("unknown perturbation method");
}

void Perturber::expect(int member) {
  if (ensemble_.control && member-- == 0) return;
  const int pair = breeds() ? member / 2 : member;
  if (!noise_ || noisy_channels_.empty() || pair == bred_pair_ || expected_.contains(pair)) return;
  expected_.emplace(pair, std::async(std::launch::async, [this, key = key(pair)] {
                      return draw_noise(*noise_, key, noisy_channels_, noise_amplitude_);
                    }));
}

at::Tensor Perturber::draw_noise(const CorrelatedSphericalGaussian& noise, const MemberKey& key,
                                 const std::vector<int>& channels, const std::vector<float>& amplitude) {
  const at::Tensor unit = noise.unit_fields(key, channels);
  at::Tensor scaled = at::empty(unit.sizes(), at::kFloat);
  for (size_t i = 0; i < channels.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    scaled.select(0, at).copy_(unit.select(0, at) * static_cast<double>(amplitude[channels[i]]));
  }
  return scaled;
}

at::Tensor Perturber::scaled_noise(int pair) {
  at::Tensor drawn;
  if (const auto expected = expected_.find(pair); expected != expected_.end()) {
    drawn = expected->second.get();
    expected_.erase(expected);
  } else {
    drawn = draw_noise(*noise_, key(pair), noisy_channels_, noise_amplitude_);
  }
  at::Tensor scaled = at::zeros_like(analysis_);
  for (size_t i = 0; i < noisy_channels_.size(); ++i) {
    scaled.select(0, noisy_channels_[i]).copy_(drawn.select(0, static_cast<int64_t>(i)));
  }
  return scaled;
}

const at::Tensor& Perturber::pair_perturbation(Engine& engine, int pair) {
  if (pair != bred_pair_) {
    bred_pair_ = -1;  // should breeding fail, the old perturbation must not pass for the new pair's
    bred_ = breed(engine, control_, scaled_noise(pair), bred_amplitude_, initial_time_);
    bred_pair_ = pair;
  }
  return bred_;
}

}  // namespace hens
