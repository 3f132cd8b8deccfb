// The reports of a run, written from what it left: run.json, markers and stores.
#pragma once

#include <vector>

#include "base/log.h"
#include "report/page/page_pictures.h"
#include "run/manifest.h"

namespace hens {

// All write into `run_folder`, each file whole or not at all; the same run gives the same bytes again. They return the
// files, relative to the folder. Throw Error{bad_input} for a manifest that contradicts itself, {cannot_create}, {io}.

struct DrawnMaps {
  std::vector<StoredFile> files;
  PagePictures page;  // the same in small, and what else the page shows
};

// The maps of 10 m wind, and what report.html shows of the run's stores, which is not written yet. They are for looking
// at: where one cannot be drawn (no member complete, a damaged field, no u10m and v10m among the outputs) the log says
// why, and the others are made all the same.
DrawnMaps write_maps(const fs::path& run_folder, const Manifest& manifest, Log& log);

// timing_report.txt, benchmark_results.json and report.html.
std::vector<StoredFile> write_texts(const fs::path& run_folder, const Manifest& manifest, const PagePictures& page);

}  // namespace hens
