// The engine's weights: what a package's tensors become, once, offline.
//
// Layers that meet without anything between them are multiplied together, in fp64: the encoder's second layer goes into
// the first block's spectral convolution and skip, the last block's skip and the decoder's first layer become one. Then
// everything is laid out as operands of the tiles (rows of inputs, padded with zeros) and rounded to 16 bit, once.
// Spectral convolutions are scaled by a power of two each, so that their results are of the size of their inputs; the
// instance norm behind them takes any scale, with its epsilon scaled likewise.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "engine/sfno/sizes.h"
#include "package/package.h"

namespace hens::engine {

struct WeightEntry {
  std::string name;            // block3.filter
  at::ScalarType type;         // at::kHalf or at::kFloat
  std::vector<int64_t> shape;  // as weight_entries() says
  uint64_t offset = 0;         // bytes from the beginning of the weights, a multiple of 256
  uint64_t bytes() const;
};

// All entries in the order of their offsets. With E embed, H hidden, C state channels, and padded widths w(E), w(H), I:
//   encoder.weight          half  [E, I]          encoder.bias           float [w(E)]
//   blockK.filter           half  [lmax, re im, E, w(E)]; block 0 takes the encoder's hidden layer
//   blockK.epsilon          float [1]             of the first norm
//   blockK.normN.weight, .bias                    float [w(E)], N = 0, 1
//   blockK.fc1.weight       half  [H, w(E)]       blockK.fc1.bias        float [w(H)]
//   blockK.fc2.weight       half  [E, w(H)]       blockK.fc2.bias        float [w(E)]
//   blockK.skip             half  [E, w(E)]       block 0: S E2; the last: D1 S
//   decoder.first           float [E, w(E)]       decoder.first.bias     float [w(E)]
//   decoder.last            half  [C, w(E)]
//   big_skip                half  [C, 2 I]: its high halves, twice
//   big_skip.rest           half  [C, I]: its low halves
//   mean, std               float [C even]
std::vector<WeightEntry> weight_entries(const Sizes& sizes);
uint64_t weight_bytes(const std::vector<WeightEntry>& entries);

// Makes the entries one after the other on `device` and hands each over, contiguous, in the order of weight_entries().
// Throws Error{bad_input} naming a tensor that is missing or of another shape, or what does not fit 16 bits.
// What an entry holds is part of the weight file's format: see there.
void fuse_weights(const ModelPackage& package, const Sizes& sizes, at::Device device,
                  const std::function<void(const WeightEntry& entry, const at::Tensor& values)>& take);

}  // namespace hens::engine
