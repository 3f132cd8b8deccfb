#include "forecast/make_engine.h"

#include "base/error.h"
#include "engine/sfno/sizes.h"
#include "engine/sfno/weight_file.h"
#include "sfno/reference_engine.h"

namespace hens {

EngineKind resolve_engine(const ForecastSpec& spec, at::Device device, const std::vector<ModelPackage>& packages) {
  if (spec.engine == EngineKind::reference) return EngineKind::reference;
  const bool insists = spec.engine == EngineKind::fast;
  if (!device.is_cuda()) {
    if (!insists) return EngineKind::reference;
    fail(ExitCode::bad_spec,
         "forecast.engine: fast: it runs on GPUs, this run's device is {}: leave the key out, or set it to reference",
         device.str());
  }
  if (spec.precision == Precision::tf32) {
    if (!insists) return EngineKind::reference;
    fail(ExitCode::bad_spec,
         "forecast.precision: tf32: the fast engine computes in fp16 with fp32 sums: leave the key out");
  }
  try {
    engine::check_capability(device.index());
    for (const ModelPackage& package : packages) engine::sizes_of(package.config);
  } catch (const Error&) {
    if (insists) throw;
    return EngineKind::reference;
  }
  return EngineKind::fast;
}

std::unique_ptr<Engine> make_engine(EngineKind kind, const ModelPackage& package, at::Device device,
                                    const ForecastSpec& spec, const fs::path& weight_folder,
                                    const std::string& digest) {
  if (kind != EngineKind::fast) return make_reference_engine(package, device, {spec.precision, spec.sun});
  FastOptions options;
  options.sun = spec.sun;
  options.weight_folder = weight_folder;
  options.package_digest = digest;
  return make_fast_engine(package, device, options);
}

fs::path engine_file(EngineKind kind, const ModelPackage& package, const fs::path& weight_folder,
                     const std::string& digest) {
  if (kind == EngineKind::fast) {
    const fs::path weights = engine::weight_file_path(weight_folder, digest);
    std::error_code none;
    if (fs::exists(weights, none)) return weights;
  }
  return package.checkpoint->path();
}

}  // namespace hens
