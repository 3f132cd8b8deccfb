// The network of one model on a backend: six hours of one member, from normalised state to normalised state.
//
// 16-bit operands, fp32 sums, fp32 state and statistics. No pass over a field inside a step has a kernel to itself:
// every norm, activation, fold and sum happens on the way of a product's sums to memory (kernels/epilogues.cuh). A step
// is one CUDA graph. Fields and spectra are channels last, padded to the widths of sizes.h:
//   input    [lat][quad][point][high, low halves of the input channels]              rows in the order of quads.h
//   X        [lat][quad][c0 .. c3][channel]                                          folded; of what the inner blocks
//            leave, the spectrum alone is made
//   G        analysis:  [north + south, north - south][northern row][position of m][part][channel]
//            synthesis: [lat][position of m][part][channel]
//   S, T     [l][m][part][channel], multiplied by spectrum_scale; T is what the synthesis reads, and between two of
//            them the spectrum of U
//   U        [lat][quad][point][channel]: what the MLP reads, and in the same place, folded, what it makes
// U goes to its spectrum before its norm: a channel whose mean is beyond some 1000 overflows 16 bits there (the member
// leaves the finite numbers, and is given up), and degree 0 is rounded at 2^-12 of the mean, which counts where that is
// many times the channel's standard deviation. Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/device/backend.h"
#include "engine/sfno/fields.h"
#include "engine/sfno/sizes.h"

namespace hens::engine {

// Weights on the backend, by the names of weights.h.
struct DeviceWeights {
  Buffer memory;
  std::map<std::string, uint64_t> offsets;
  template <typename T>
  const T* at(const std::string& name) const {
    return reinterpret_cast<const T*>(memory.as<const char>() + offsets.at(name));
  }
};

// What the host knows of the sun at one time: cos zenith = constant[lat] + amplitude[lat] * cosine[lon].
struct SunOnGrid {
  std::vector<float> constant, amplitude, cosine;
};

// What one phase of a step does: floating-point operations of its products, and bytes of fields, spectra and weights
// that it must read and write once at least.
struct PhaseWork {
  double flop = 0, bytes = 0;
};

// Told before each phase of a step is launched.
using PhaseObserver = std::function<void(const char* phase)>;

class FastNetwork {
 public:
  // `static_features` [point][feature] on the host, the forcing after the sun. Takes the weights over. `backend`
  // outlives the network. Throws Error{gpu} where the memory does not suffice.
  FastNetwork(const Backend& backend, const Sizes& sizes, DeviceWeights weights,
              const std::vector<float>& static_features);
  ~FastNetwork();

  size_t state_floats() const;
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
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace hens::engine
