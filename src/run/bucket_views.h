// What goes to a run's bucket at its beginning and end: records of attempts, run.json, final stores, reports; and what
// of the folder is not needed any more then.
#pragma once

#include "run/results_bucket.h"

namespace hens {

// Records of attempts that the bucket lacks, and that of attempt `number` (0: none), which changed; then the table of
// members, and run.json.
void upload_records(ResultsBucket& bucket, const fs::path& root, int number);

// Final stores and products of tracks (each with its record after its files), the reports that `manifest` lists, and
// last the table of members and run.json, which lists them.
void upload_reports(ResultsBucket& bucket, const fs::path& root, const Manifest& manifest);

// Removes `path` from the folder where it is a file of a store, so of a member's fields. Files of tracks stay: they are
// small, and what gathers them reads all.
void drop_field(const fs::path& root, const JobSpec& spec, const fs::path& path);

// The same for all members whose markers are in the bucket.
void drop_fields(ResultsBucket& bucket, const fs::path& root, const JobSpec& spec);

// Fetches what `wanted` says of the files that markers in the folder list.
void fetch_fields(ResultsBucket& bucket, const fs::path& root, const JobSpec& spec,
                  const std::function<bool(const fs::path&)>& wanted);

}  // namespace hens
