// The fast CUDA engine (network.h) behind the interface of model/engine.h.
//
// Members go through the network one after another: a member's bytes do not depend on the batch, and at full size one
// member fills a GPU. Every kernel sums in a fixed order, so the bytes are the same from run to run on one kind of
// card.
#pragma once

#include <memory>
#include <optional>

#include "engine/device/backend.h"
#include "engine/sfno/network.h"
#include "engine/sfno/weight_file.h"
#include "job/job_spec.h"
#include "model/engine.h"
#include "package/package.h"

namespace hens {

struct FastOptions {
  SunKind sun = SunKind::float32;
  std::optional<engine::Kernels> kernels;  // default: the card's; host on the CPU, at small sizes, for tests
  // Where the engine's own weight file is kept; empty: the weights are fused anew each time.
  fs::path weight_folder;
  std::string package_digest;  // names the weight file; needed with weight_folder
};

class FastEngine : public Engine {
 public:
  // Six hours of the first member, launched phase by phase, for measuring.
  virtual void step_observed(const engine::PhaseObserver& observer) = 0;
  virtual std::map<std::string, engine::PhaseWork> work() const = 0;  // of such a step
  virtual const engine::Backend& backend() const = 0;
  virtual engine::WeightSource weight_source() const = 0;
};

// Throws Error{bad_spec} for networks that the fast engine cannot run (engine/sfno/sizes.h), {bad_input} naming a
// tensor that is missing or of another shape, {gpu} where the card is too old or too small.
std::unique_ptr<FastEngine> make_fast_engine(const ModelPackage& package, at::Device device,
                                             const FastOptions& options);

}  // namespace hens
