// What stands at the end of a run: reports made and recorded, and where everything lies.
#pragma once

#include "run/manifest.h"

namespace hens {

// Writes the reports of the run in `folder` anew and records them in run.json, which is made anew, too. Returns what
// it tells.
Manifest finish_reports(const fs::path& folder, Log& log);

// Tells people on stdout what is complete and where reports, maps and stores lie. Of `manifest` the members and
// attempts are not needed.
void print_outcome(const fs::path& folder, const Manifest& manifest);

}  // namespace hens
