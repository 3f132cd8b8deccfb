// The hemispheric centred bred vector of the HENS recipe (Mahesh et al., 2024, arXiv:2408.03100), as Earth2Studio's
// HemisphericCentredBredVector computes it with batch 1.
//
// For start time t0 and n cycles: x = analysis(t0 - n * 6 h), p = x + seed noise; then n times: d = M(p) - M(x);
// d <- A d / H(d); x = analysis of the next time; p = x + d. Members are x + d and x - d, with humidity clipped at 0.
// H is the root mean square over the 70 degrees next to each pole, interpolated between. The control M(x) is the same
// for all pairs of a model and initial time, and is computed once.
#pragma once

#include <functional>
#include <vector>

#include <ATen/ATen.h>

#include "model/engine.h"
#include "perturbation/noise.h"

namespace hens {

// Per-channel amplitudes [channel], resolved against names and the package's stds. Throws Error{bad_spec} naming an
// unknown channel.
std::vector<float> resolve_amplitudes(const Amplitudes& amplitudes, const std::vector<std::string>& channels,
                                      const at::Tensor& channel_std);

// Hemispheric norm by row: `field` [..., nlat, nlon] -> [..., nlat]; zeros stay zero.
at::Tensor hemispheric_norm(const at::Tensor& field);

// The analyses and control forecasts that all pairs of one model and initial time share, on the engine's device: seven
// states of 300 MB at full size, so that no pair moves one between host and device.
struct BreedingControl {
  std::vector<at::Tensor> analyses;   // [cycles + 1] of [channel, lat, lon] float32, at t0 - cycles * 6 h .. t0
  std::vector<at::Tensor> forecasts;  // [cycles] of [channel, lat, lon]: M(analyses[i])
};

// Runs the control steps. Requires analyses.size() >= 2, all on the engine's device.
BreedingControl make_breeding_control(Engine& engine, std::vector<at::Tensor> analyses, Time initial_time);

// What one cycle did, for tests: raw difference, its norm, and the rescaled perturbation.
using BreedingProbe =
    std::function<void(int cycle, const at::Tensor& raw, const at::Tensor& norm, const at::Tensor& perturbation)>;

// The pair's final perturbation dx [channel, lat, lon] on the engine's device, from `seed` [channel, lat, lon] there
// (amplitude x noise, already scaled). `amplitude` is [channel]. Launches work in the order of the device's stream and
// waits for none of it.
at::Tensor breed(Engine& engine, const BreedingControl& control, const at::Tensor& seed, const at::Tensor& amplitude,
                 Time initial_time, const BreedingProbe& probe = {});

// analysis + sign * dx, on their device, clipped at 0 where the channel cannot be negative.
at::Tensor perturbed_member(const at::Tensor& analysis, const at::Tensor& dx, int sign,
                            const std::vector<std::string>& channels);

}  // namespace hens
