// Which engine steps a model: the fast one on GPUs that it suits, else the reference.
#pragma once

#include <memory>

#include "base/log.h"
#include "engine/sfno/fast_engine.h"
#include "job/job_spec.h"
#include "model/engine.h"
#include "package/package.h"

namespace hens {

// The engine that a spec means on a device: `automatic` is `fast` where the device is a GPU of compute capability 8.0
// or later, the precision is not one that only the reference has (tf32), and every model suits it
// (engine/sfno/sizes.h); else `reference`. Throws Error{bad_spec} where the spec asks for `fast` in vain, saying why.
EngineKind resolve_engine(const ForecastSpec& spec, at::Device device, const std::vector<ModelPackage>& packages);

// `kind` is resolved. `weight_folder`, `digest`: of FastOptions.
std::unique_ptr<Engine> make_engine(EngineKind kind, const ModelPackage& package, at::Device device,
                                    const ForecastSpec& spec, const fs::path& weight_folder, const std::string& digest);

// The file that make_engine would read most of.
fs::path engine_file(EngineKind kind, const ModelPackage& package, const fs::path& weight_folder,
                     const std::string& digest);

}  // namespace hens
