#include "perturbation/bred_vector.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "grid/channels.h"

namespace hens {
namespace {

// Channels at a time: intermediate fields in double are small beside whole states.
constexpr int together = 8;

// Steps from `state` [channel, lat, lon] and calls use(first, fields) with the result's channels from `first` on,
// [some, lat, lon] on the engine's device.
template <typename Use>
void forecast_one_step(Engine& engine, const at::Tensor& state, Time valid_time, const Use& use) {
  engine.start(state.unsqueeze(0), valid_time, {});
  engine.step();
  for (int first = 0; first < state.size(0); first += together) {
    std::vector<int> some(std::min<int64_t>(together, state.size(0) - first));
    std::iota(some.begin(), some.end(), first);
    use(first, engine.channels(some).select(0, 0));
  }
}

// Valid time of analysis i of a control that ends at `initial_time`.
Time analysis_time(Time initial_time, Duration step, size_t cycles, size_t i) {
  return initial_time - static_cast<int>(cycles - i) * step;
}

// sin(colatitude) over its mean over all rows: [nlat] double.
at::Tensor row_weights(int64_t nlat, at::Device device) {
  const at::Tensor sine = at::linspace(0.0, std::numbers::pi, nlat, at::kDouble).sin();
  return (sine / sine.mean()).to(device);
}

// In double, row by row: the sums depend neither on the other channels nor on the number of threads.
at::Tensor weighted_norm(const at::Tensor& field, const at::Tensor& weights) {
  const int64_t nlat = field.size(-2), nlon = field.size(-1);
  const auto cap = static_cast<int64_t>(70.0 / 180.0 * static_cast<double>(nlat));
  assert(cap > 0);
  const at::Tensor exact = field.to(at::kDouble);
  const at::Tensor rows = (exact * exact).sum(-1) * (weights / nlon);  // [..., nlat]
  const auto root_mean = [&](int64_t first) { return (rows.narrow(-1, first, cap).sum(-1, true) / cap).sqrt(); };
  const at::Tensor north = root_mean(0), south = root_mean(nlat - cap);  // [..., 1]
  const at::Tensor ramp = at::linspace(0.0, 1.0, nlat - 2 * cap, exact.options());
  std::vector<int64_t> shape = north.sizes().vec();
  shape.back() = cap;
  return at::cat({north.expand(shape), north + (south - north) * ramp, south.expand(shape)}, -1).to(field.dtype());
}

}  // namespace

std::vector<float> resolve_amplitudes(const Amplitudes& amplitudes, const std::vector<std::string>& channels,
                                      const at::Tensor& channel_std) {
  const at::Tensor std = channel_std.to(at::kCPU, at::kDouble).reshape({-1}).contiguous();
  assert(std.numel() == static_cast<int64_t>(channels.size()));
  const auto value = [&](const Amplitude& amplitude, size_t c) {
    return static_cast<float>(amplitude.times_std ? amplitude.value * std.data_ptr<double>()[c] : amplitude.value);
  };
  std::vector<float> resolved(channels.size(), 0.0f);
  if (const auto all = amplitudes.find("all"); all != amplitudes.end()) {
    for (size_t c = 0; c < channels.size(); ++c) resolved[c] = value(all->second, c);
  }
  for (const auto& [name, amplitude] : amplitudes) {
    if (name == "all") continue;
    const int c = channel_positions({name}, channels).front();
    resolved[c] = value(amplitude, c);
  }
  return resolved;
}

at::Tensor hemispheric_norm(const at::Tensor& field) {
  return weighted_norm(field, row_weights(field.size(-2), field.device()));
}

BreedingControl make_breeding_control(Engine& engine, std::vector<at::Tensor> analyses, Time initial_time) {
  assert(analyses.size() >= 2);
  BreedingControl control{std::move(analyses), {}};
  const size_t cycles = control.analyses.size() - 1;
  for (size_t i = 0; i < cycles; ++i) {
    const Time valid_time = analysis_time(initial_time, engine.time_step(), cycles, i);
    at::Tensor& forecast = control.forecasts.emplace_back(at::empty_like(control.analyses[i]));
    forecast_one_step(engine, control.analyses[i], valid_time, [&](int first, const at::Tensor& fields) {
      forecast.narrow(0, first, fields.size(0)).copy_(fields);
    });
  }
  return control;
}

at::Tensor breed(Engine& engine, const BreedingControl& control, const at::Tensor& seed, const at::Tensor& amplitude,
                 Time initial_time, const BreedingProbe& probe) {
  const size_t cycles = control.forecasts.size();
  // Made and brought to the device once: the device works ahead of what the host launches, and waits for no copy.
  const at::Tensor weights = row_weights(seed.size(-2), seed.device());
  const at::Tensor scales = amplitude.view({-1, 1, 1}).to(seed.device());
  // Whole states are large: two are made, once, and written again in each cycle.
  at::Tensor dx = seed.clone(), start = at::empty_like(seed), all_raw, all_norm;
  for (size_t i = 0; i < cycles; ++i) {
    const Time valid_time = analysis_time(initial_time, engine.time_step(), cycles, i);
    if (probe) all_raw = at::empty_like(seed), all_norm = at::empty(seed.sizes().slice(0, 2), seed.options());
    at::add_out(start, control.analyses[i], dx);
    forecast_one_step(engine, start, valid_time, [&](int first, const at::Tensor& fields) {
      const auto some = [&](const at::Tensor& all) { return all.narrow(0, first, fields.size(0)); };
      const at::Tensor raw = fields - some(control.forecasts[i]);
      const at::Tensor norm = weighted_norm(raw, weights);  // [channel, lat]
      const at::Tensor divisor = norm.masked_fill(norm == 0.0, 1.0).unsqueeze(-1);
      some(dx).copy_(some(scales) * (raw / divisor));  // the peer's order of roundings
      if (probe) some(all_raw).copy_(raw), some(all_norm).copy_(norm);
    });
    if (probe) probe(static_cast<int>(i), all_raw, all_norm, dx);
  }
  return dx;
}

at::Tensor perturbed_member(const at::Tensor& analysis, const at::Tensor& dx, int sign,
                            const std::vector<std::string>& channels) {
  at::Tensor member = sign > 0 ? analysis + dx : analysis - dx;
  for (size_t c = 0; c < channels.size(); ++c) {
    if (is_clipped_at_zero(channels[c])) member.select(0, static_cast<int64_t>(c)).clamp_min_(0.0);
  }
  return member;
}

}  // namespace hens
