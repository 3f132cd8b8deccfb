#include "forecast/models.h"

#include "base/error.h"
#include "forecast/stage.h"
#include "grid/derived_variables.h"

namespace hens {
namespace {

constexpr int64_t most_parameters_on_cpu = 50'000'000;  // unless told to; HENS has 1123 million, the mini package 0.3

void refuse_other_grid(const std::vector<ModelPackage>& packages, const JobSpec& spec) {
  const LatLonGrid& first = packages.front().grid;
  const LatLonGrid& last = packages.back().grid;
  if (last == first) return;
  fail(ExitCode::bad_spec, "models: '{}' has a grid of {}x{}, '{}' one of {}x{}: models of one job share one grid",
       spec.models[packages.size() - 1], last.nlat(), last.nlon(), spec.models.front(), first.nlat(), first.nlon());
}

// What is fetched is known now only; a wrong name should not wait for the weights.
void refuse_missing_variables(const ModelPackage& package, const JobSpec& spec, size_t model) {
  const auto check = [&](const std::vector<std::string>& variables) {
    for (const std::string& name : variables) {
      try {
        check_variable(name, package.config.channels, package.config.add_orography);
      } catch (const Error& error) {
        fail(error.code(), "models[{}]: '{}': {}", model, spec.models[model], error.what());
      }
    }
  };
  for (const OutputSpec& output : spec.output) check(output.variables);
  for (const StatisticsSpec& statistics : spec.statistics) check(statistics.variables);
}

}  // namespace

JobModels open_models(const JobSpec& spec, Downloader& downloader, Log& log) {
  JobModels models;
  for (const std::string& uri : spec.models) {
    const fs::path folder = stage_package(uri, downloader, log);
    models.packages.push_back(open_package(folder));
    refuse_missing_variables(models.packages.back(), spec, models.packages.size() - 1);
    models.facts.push_back(package_facts(folder));
    models.digests.push_back(staged_package_digest(uri, folder, downloader));
    refuse_other_grid(models.packages, spec);
  }
  return models;
}

// Facts that differ need not mean another content: a time changes when a file is touched.
void refuse_changed(const JobModels& models, int model, const JobSpec& spec, Downloader& downloader) {
  const fs::path& folder = models.packages[model].folder;
  if (package_facts(folder) == models.facts[model]) return;
  if (staged_package_digest(spec.models[model], folder, downloader) == models.digests[model]) return;
  fail(ExitCode::bad_input, "models[{}]: {}: the package changed while it was read: run again once nobody writes to it",
       model, folder.string());
}

void allow_cpu(const JobModels& models, const std::string& obstacle, Log& log) {
  for (const ModelPackage& package : models.packages) {
    if (package.parameters() <= most_parameters_on_cpu) continue;
    fail(ExitCode::gpu,
         "no GPU can be used: {}. {} has {} million parameters, and hens does not run more than {} million on a CPU "
         "unless told to: mend that, or say --device cpu (runtime.device=cpu)",
         obstacle, package.folder.string(), package.parameters() / 1'000'000, most_parameters_on_cpu / 1'000'000);
  }
  log.warn("no_gpu", {{"message", "computing on the CPU: " + obstacle}});
}

}  // namespace hens
