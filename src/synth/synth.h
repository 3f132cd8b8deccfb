// Synthetic model packages of the true layout: random weights on a made-up planet, for demos, tests and benchmarks on
// machines without the real weights.
//
// The weights make every step a contraction towards a slowly moving climate, so that forecasts stay bounded for
// hundreds of steps; no tensor is trivial. The same size and seed give the same bytes everywhere, except that
// the two netCDF files record the version of the library that wrote them.
#pragma once

#include <string>

#include "base/files.h"

namespace hens {

struct SynthSize {
  int nlat = 73, nlon = 144;
  int embed_dim = 32, num_layers = 8, scale_factor = 2;
  int channels = 74;  // those of HENS, from the first; beyond them geopotential at other levels, which are made up
  bool sun = true;    // the zenith angle among the inputs
};
SynthSize synth_size(const std::string& name);  // "mini" (73x144, 32) | "hens" (721x1440, 620). Throws Error{usage}.

// Writes the package into `folder` (made where missing); its files are published one by one, config.json last, so a
// folder with config.json is whole. Streams: memory stays under one tensor's size.
void write_synthetic_package(const fs::path& folder, const SynthSize& size, uint64_t seed);

}  // namespace hens
