// The network of one model on a backend: six hours of one member, from normalised state to normalised state.
//
// 16-bit operands, fp32 sums, fp32 state and statistics. A step is one CUDA graph of the launches that forward.cc
// names. Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/device/backend.h"
#include "engine/sfno/device_weights.h"
#include "engine/sfno/fields.h"
#include "engine/sfno/phases.h"
#include "engine/sfno/sizes.h"

namespace hens::engine {

// What the host knows of the sun at one time: cos zenith = constant[lat] + amplitude[lat] * cosine[lon].
struct SunOnGrid {
  std::vector<float> constant, amplitude, cosine;
};

class FastNetwork {
 public:
  // `static_features` [point][feature] on the host, the forcing after the sun. Takes the weights over. `backend`
  // outlives the network. Throws Error{gpu} where the memory does not suffice.
  FastNetwork(const Backend& backend, const Sizes& sizes, DeviceWeights weights,
              const std::vector<float>& static_features);
  ~FastNetwork();

  size_t state_floats() const;
  StateRows state_rows(float* values) const;
  Scaling scaling() const;  // of the state's channels, on the backend

  // The sun of the steps that follow.
  void set_sun(const SunOnGrid& sun);
  // Advances `state` [row][state_width], normalised, on the backend. `graph` keeps the step's launches for this very
  // `state` from call to call.
  void step(float* state, std::shared_ptr<Backend::Graph>& graph);
  // The same without a graph, telling of each phase.
  void step_observed(float* state, const PhaseObserver& observer);
  std::map<std::string, PhaseWork> work() const;  // by the phases' names; small ones are left out
  // The network's input still holds the state that step() left last, unless told to forget it: when that state was
  // changed by others.
  void forget_input();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hens::engine
