// What stands at the end of a run: reports made and recorded, and where everything lies.
#pragma once

#include "forecast/manifest.h"

namespace hens {

// Writes the reports of the run in `folder` anew and records them in run.json.
void finish_reports(const fs::path& folder, Log& log);

// Tells people on stdout what is complete and where reports, maps and stores lie.
void print_outcome(const fs::path& folder, const Manifest& manifest);

}  // namespace hens
