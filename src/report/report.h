// The reports of a run, written from what it left: run.json, markers and stores.
#pragma once

#include <vector>

#include "base/log.h"
#include "forecast/manifest.h"

namespace hens {

// Writes timing_report.txt, benchmark_results.json and the maps of 10 m wind into `run_folder`, each whole or not at
// all; the same run gives the same bytes again. Returns the files, relative to the folder. Maps are for looking at:
// where one cannot be drawn (no member complete, a damaged field, no u10m and v10m among the outputs) the log says why,
// and the rest is written all the same. Throws Error{bad_input} for a manifest that contradicts itself,
// {cannot_create}, {io}.
std::vector<StoredFile> write_reports(const fs::path& run_folder, const Manifest& manifest, Log& log);

}  // namespace hens
