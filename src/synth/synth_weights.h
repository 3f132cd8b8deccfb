// Random weights of synthetic packages: a contraction towards a slowly moving climate. The skip keeps 0.96 of each
// normalised channel, the rest adds about 0.03 a step; no tensor is trivial.
//
// Every number comes from integer arithmetic and single IEEE operations, so that it is the same on every machine:
// element i of a tensor is a pure function of (seed, tensor, i).
#pragma once

#include <cstdint>
#include <span>

#include "package/network_tensors.h"

namespace hens {

class SynthWeights {
 public:
  // `position` is the tensor's place in network_tensors: the stream of random numbers.
  SynthWeights(const NetworkTensor& tensor, uint64_t seed, uint64_t position);

  uint64_t floats() const { return floats_; }  // complex numbers are two
  // Fills `out` with floats begin, begin + 1, ... Thread-safe.
  void fill(uint64_t begin, std::span<float> out) const;

 private:
  uint64_t key_, floats_;
  float scale_ = 0, shift_ = 0;   // value = normal * scale + shift
  int64_t inputs_ = 0;            // of the skip, whose diagonal is 0.96 more; 0 elsewhere
  std::vector<float> amplitude_;  // [l] of spectral filters, on top of scale; empty elsewhere
};

// A number of mean 0 and variance 1 with the bell shape of a sum of four uniform ones (Irwin-Hall), within +-3.5.
float bell(uint64_t key, uint64_t index) noexcept;

}  // namespace hens
