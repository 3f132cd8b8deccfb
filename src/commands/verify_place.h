// What `hens verify` does with a run in a bucket: every object against its checksum, without a folder that holds all.
#pragma once

#include <vector>

#include "commands/run_place.h"
#include "run/verify_folder.h"

namespace hens {

// As verify_folder, of a folder or a bucket. Of a bucket, unfinished uploads are extra, too.
std::vector<Finding> verify_place(RunPlace& place, bool full);

}  // namespace hens
