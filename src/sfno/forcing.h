// What the network receives beside the state: the sun, and static features of the place.
//
// Input channels, in this order: the normalised state, cos zenith, sin(k lat) and sin(k lon) for k = 1 .. frequencies
// (each with its cosines where the config asks for them), orography, sea, land; each as far as the config has it.
// Everything in float32 with makani's operations in makani's order. Pure and thread-safe.
#pragma once

#include <ATen/ATen.h>

#include "job/job_spec.h"
#include "package/package.h"

namespace hens {

// [lat, lon, static channel] float32 on the CPU.
at::Tensor static_features(const ModelPackage& package);

// The surface geopotential of the package, [lat, lon] float32 on `device` [m2 s-2]; undefined where it has none.
at::Tensor surface_geopotential(const ModelPackage& package, at::Device device);

// cos of the zenith angle at `time`, [lat, lon, 1] float32 on the CPU.
at::Tensor sun_feature(const LatLonGrid& grid, Time time, SunKind kind);

}  // namespace hens
