// The readable reference engine: the network on LibTorch, on the CPU or through CUDA.
//
// Members go through the network one after another, on both kinds of device: a member's bytes do not depend on the
// batch, memory does not grow with it (but for the states), and at full size one member fills a GPU.
#pragma once

#include <memory>

#include "job/job_spec.h"
#include "model/engine.h"
#include "package/package.h"
#include "sfno/network.h"

namespace hens {

struct ReferenceOptions {
  Precision precision = Precision::fp32;  // of matrix products on CUDA
  SunKind sun = SunKind::float32;
  NetworkProbe probe;  // sees the network's tensors at every member and step; for tests
};

// Copies the weights of `package` onto `device`, once, in the layout that the network wants; the package may go away
// afterwards. Throws Error{bad_input} naming a tensor that is missing or of another shape, and {gpu} where the device
// fails.
std::unique_ptr<Engine> make_reference_engine(const ModelPackage& package, at::Device device,
                                              const ReferenceOptions& options = {});

}  // namespace hens
