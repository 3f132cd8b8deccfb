// Where a run lies that nobody gave a folder, and whether it stays there: a container's own file system goes with it.
//
// The image says by HENS_CONTAINER_RESULTS where it expects a folder to be mounted (/results); elsewhere it is not set.
#pragma once

#include <string>

#include "base/files.h"

namespace hens {

// As the environment says: the folder that a container's results are mounted to; empty outside of our image.
fs::path container_results();

// The folder of a run without --output: below `results` where that is a folder, so mounted, else runs/<job name>.
fs::path default_output(const std::string& job_name, const fs::path& results);

// Whether `output` (or the nearest folder above it that exists) is where nothing is mounted but `/` itself, or in
// memory: what `docker run --rm` deletes. `mounts` is the kernel's table of them; false where it cannot be read.
bool ends_with_container(const fs::path& output, const fs::path& mounts = "/proc/self/mountinfo");

// The sentence for whom it concerns: in a container, where `output` ends with it. Empty otherwise.
std::string lost_results_warning(const fs::path& output, const std::string& job_name, const fs::path& results,
                                 const fs::path& mounts = "/proc/self/mountinfo");

// Throws Error{cannot_create} where this user may not make `output`, or write into it, naming --output and, where
// `results` is set, the mount.
void check_may_write(const fs::path& output, const std::string& job_name, const fs::path& results);

}  // namespace hens
