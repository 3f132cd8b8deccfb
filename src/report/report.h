// The reports of a run, written from what it left: run.json, markers and stores.
#pragma once

#include <vector>

#include "base/log.h"
#include "run/manifest.h"

namespace hens {

// Both write into `run_folder`, each file whole or not at all; the same run gives the same bytes again. They return the
// files, relative to the folder. Throw Error{bad_input} for a manifest that contradicts itself, {cannot_create}, {io}.

// timing_report.txt and benchmark_results.json.
std::vector<StoredFile> write_texts(const fs::path& run_folder, const Manifest& manifest);

// The maps of 10 m wind. They are for looking at: where one cannot be drawn (no member complete, a damaged field, no
// u10m and v10m among the outputs) the log says why, and the others are written all the same.
std::vector<StoredFile> write_maps(const fs::path& run_folder, const Manifest& manifest, Log& log);

}  // namespace hens
