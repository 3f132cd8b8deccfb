// From a run's parts to its final stores: statistics_<model>.zarr for each model, and statistics.zarr for all models
// together where there are several; the same as netCDF, statistics_<model>.nc, or GRIB2, statistics_<model>.grib2,
// where asked for.
//
// Each store is followed by a record in statistics/ (merged_<store>.json) of its files and of the members in it. Where
// the record and the files are as they have to be, nothing is done: merging again costs a checksum. Several processes
// may do the same at the same time: they write the same bytes.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "run/run_parts.h"
#include "run/verify.h"

namespace hens {

struct MergeResult {
  std::vector<fs::path> stores;  // relative to the output folder, those made before among them
  int64_t members = 0;           // in all, of this part of the work
};

// Adds up the parts of all `folders`, which are folders of one job (shards with an --output each, say), and writes the
// stores into `output`. `shard`, `shards`: only every `shards`-th store, from number `shard`. Throws Error{bad_spec}
// where the folders are of different jobs, {bad_input} where a part is damaged, or where two hold the same member,
// naming them; {missing_input} where there are no statistics.
MergeResult merge_statistics(const std::vector<fs::path>& folders, const fs::path& output, StoreFormat format,
                             int shard, int shards, Log& log);

// The manifest of the first of `folders`. Throws Error{bad_spec} naming what differs where they are not of one job.
Manifest common_manifest(const std::vector<fs::path>& folders);

// The final Zarr stores of a job, relative to its folder; none where it keeps no statistics.
std::vector<fs::path> statistics_stores(const JobSpec& spec);

// Everything about a run's statistics that is not as it has to be: parts, members that are in none, final stores.
// `manifest` is of run.json, `failed[number]` says which members of the plan an attempt gave up.
std::vector<Finding> verify_statistics(const fs::path& root, const Manifest& manifest, const std::vector<bool>& failed,
                                       bool full);

}  // namespace hens
