// The models of a job: their packages staged, opened and held to one another.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "job/job_spec.h"
#include "net/download.h"
#include "package/package.h"

namespace hens {

struct JobModels {
  std::vector<ModelPackage> packages;
  std::vector<std::string> digests;  // package_digest
  std::vector<std::string> facts;    // of the files, from before they were digested
};

// Stages and opens every package of the spec. Throws Error{bad_spec} where the models' grids or time steps differ, and
// what staging and opening throw.
JobModels open_models(const JobSpec& spec, Downloader& downloader, Log& log);

// What an engine was made of must be what the digest was made of: the package is looked at again after it was read.
// Throws Error{bad_input} naming models[model] where its content changed.
void refuse_changed(const JobModels& models, int model, const JobSpec& spec, Downloader& downloader);

// For a run whose device was to be found, and no GPU was: `obstacle` says why. A network of full size is not what a
// CPU is for, on a machine that may be paid for its GPU: throws Error{gpu} naming it; for smaller ones logs a warning.
void allow_cpu(const JobModels& models, const std::string& obstacle, Log& log);

}  // namespace hens
