// An instance norm once its statistics are known: one scale and one shift a channel.
#pragma once

#include "engine/gemm/vectors.cuh"

namespace hens::engine {

// Per-channel affine map of an instance norm: [column] each.
struct Affine {
  const float* scale = nullptr;
  const float* shift = nullptr;
};
struct Affine8 {
  Float8 scale, shift;
};
HENS_HD Affine8 load_affine8(const Affine& map, int col) {
  return {load_float8(map.scale + col), load_float8(map.shift + col)};
}

}  // namespace hens::engine
