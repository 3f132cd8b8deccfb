// The engine's operators, each alone, beside the same in double: the gate "operators" (A) of docs/numerics.md.
#pragma once

#include "engine/device/backend.h"
#include "engine/sfno/sizes.h"

namespace hens::engine {

// Relative L2 errors. Input and weights are random numbers of size 1, rounded to 16 bits as the engine rounds its own.
struct OperatorErrors {
  double analysis = 0, synthesis = 0;  // spherical harmonics, on the outer or the inner grid, whichever is worse
  double convolution = 0;              // by degree: complex matrices from all channels to all, of some degrees
  double mlp = 0;                      // both layers with their biases and the GELU, at some points
};

// Of a network of these sizes; the transforms take 8 channels, and the rest of the sizes as they are.
OperatorErrors operator_errors(const Backend& backend, const Sizes& sizes);

}  // namespace hens::engine
