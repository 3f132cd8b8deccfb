// From members' files of tracks to their products: a table, an ATCF a-deck, GeoJSON, trajectories and a map of strikes
// and births, each of all members that are complete.
//
// Each set of products is followed by a record (tracks/<name>.json) of its files and of the members in it. Where record
// and files are as they have to be, nothing is done. Several processes may do the same at the same time: they write the
// same bytes. Memory is that of one member's tracks and of some fields.
#pragma once

#include <vector>

#include "base/log.h"
#include "run/manifest.h"
#include "run/verify.h"

namespace hens {

// `manifest` is merged_manifest(root): its members that are complete count. Throws Error{bad_input} naming a member's
// file that is not what its marker says. Does nothing for a job without tracks.
void gather_tracks(const fs::path& root, const Manifest& manifest, Log& log);

// The products of a job that are there, relative to its folder.
std::vector<fs::path> track_product_files(const fs::path& root, const JobSpec& spec);

// Everything about the products that is not as it has to be. `manifest` is of run.json; `all_complete`: whether every
// member of the plan is.
std::vector<Finding> verify_track_products(const fs::path& root, const Manifest& manifest, bool all_complete,
                                           bool full);

}  // namespace hens
