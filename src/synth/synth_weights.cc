#include "synth/synth_weights.h"

#include <cassert>
#include <cmath>

namespace hens {
namespace {

// The output function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), as a counter-based generator: state = key +
// index times the golden ratio.
uint64_t mixed(uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

constexpr uint64_t golden_ratio = 0x9e3779b97f4a7c15;

// Variance of 1x1 convolution weights times their inputs: 2 keeps the variance through a gelu, 1 through nothing. The
// last layer is what a step adds to the state, 0.03 of a standard deviation.
float gain_of(std::string_view name) {
  if (name.ends_with("encoder.fwd.2.weight") || name.ends_with("mlp.fwd.0.weight")) return 2.0f;
  if (name.ends_with("decoder.fwd.0.weight")) return 2.0f;
  if (name.ends_with("decoder.fwd.2.weight")) return 0.03f * 0.03f;
  if (name.ends_with("outer_skip.weight")) return 0.5f;
  return 1.0f;  // encoder.fwd.0, mlp.fwd.3
}

}  // namespace

float bell(uint64_t key, uint64_t index) noexcept {
  const uint64_t bits = mixed(key + (index + 1) * golden_ratio);
  const auto part = [&](int k) { return static_cast<int32_t>(bits >> (16 * k) & 0xffff); };
  // Four whole numbers of 0..65535: mean 2 * 65535, variance (65536^2 - 1) / 3.
  constexpr float inverse_deviation = 2.6428998e-05f;
  return static_cast<float>(part(0) + part(1) + part(2) + part(3) - 2 * 65535) * inverse_deviation;
}

SynthWeights::SynthWeights(const NetworkTensor& tensor, uint64_t seed, uint64_t position)
    : key_(mixed(mixed(seed + golden_ratio) + position * golden_ratio)), floats_(1) {
  for (const int64_t n : tensor.shape) floats_ *= static_cast<uint64_t>(n);
  const std::string& name = tensor.name;
  if (tensor.type == ElementType::complex64) {
    floats_ *= 2;
    const int64_t embed = tensor.shape[0], lmax = tensor.shape[2];
    // Complex numbers of variance 1: each part has 1/2. The amplitude falls with the degree l.
    for (int64_t l = 0; l < lmax; ++l) {
      amplitude_.push_back(1.0f / (1.0f + 3.0f * static_cast<float>(l) / static_cast<float>(lmax)));
    }
    scale_ = std::sqrt(0.5f / static_cast<float>(embed));
  } else if (name.find(".norm") != std::string::npos && name.ends_with(".weight")) {
    scale_ = 0.2f, shift_ = 1.0f;
  } else if (name.ends_with(".bias")) {
    scale_ = 0.1f;
  } else if (name == "residual_transform.weight") {
    inputs_ = tensor.shape[1];
    scale_ = 0.01f / std::sqrt(static_cast<float>(inputs_));
  } else {
    scale_ = std::sqrt(gain_of(name) / static_cast<float>(tensor.shape[1]));
  }
}

void SynthWeights::fill(uint64_t begin, std::span<float> out) const {
  for (size_t k = 0; k < out.size(); ++k) out[k] = bell(key_, begin + k) * scale_;
  // A loop of its own: where the machine has fused multiply-add, one expression would round once instead of twice.
  if (shift_ != 0) {
    for (float& value : out) value += shift_;
  }
  if (!amplitude_.empty()) {
    assert(begin % 2 == 0);
    uint64_t l = begin / 2 % amplitude_.size();
    for (size_t k = 0; k < out.size(); k += 2) {
      out[k] *= amplitude_[l], out[k + 1] *= amplitude_[l];
      if (++l == amplitude_.size()) l = 0;
    }
  }
  if (inputs_ > 0) {
    for (size_t k = 0; k < out.size(); ++k) {
      const auto row = static_cast<int64_t>(begin + k) / inputs_, column = static_cast<int64_t>(begin + k) % inputs_;
      if (row == column) out[k] += 0.96f;
    }
  }
}

}  // namespace hens
