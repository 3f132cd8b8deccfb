// What stands at the end of a run: reports made and recorded, and where everything lies.
#pragma once

#include "run/manifest.h"
#include "run/results_bucket.h"

namespace hens {

// Writes the reports of the run in `folder` anew and records them in run.json, which is made anew, too. Returns what
// it tells. Where the run has a bucket (else null), fields that the reports read come from there, and what was made
// goes there.
Manifest finish_reports(const fs::path& folder, ResultsBucket* bucket, Log& log);

// Tells people on stdout what is complete and where reports, maps and stores lie: below `place`, as they know the
// folder. Of `manifest` the members and attempts are not needed.
void print_outcome(const fs::path& folder, const Manifest& manifest, const fs::path& place);

}  // namespace hens
