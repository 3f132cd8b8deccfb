// The shapes of tiles that a step is made of. Columns suit HENS' 620 channels: three of 208 are 624, six of 104 as
// well.
#pragma once

#include "engine/gemm/tile.h"

namespace hens::engine::shapes {

using Pointwise = TileShape<TileMode::single, false, Multicast::b, 208, 128>;  // 1x1 convolutions
// As a chain's second layer: half of the first's columns on Hopper.
using State = TileShape<TileMode::single, false, Multicast::b, 104, 80>;  // 1x1 convolutions to few channels
using Fourier = TileShape<TileMode::stacked, true, Multicast::a, 128, 64>;
using Legendre = TileShape<TileMode::dual, true, Multicast::a, 128, 64>;
using SpectralConvolution = TileShape<TileMode::complex, false, Multicast::a, 104, 64>;

}  // namespace hens::engine::shapes
