// The whole of a run's folder, held against what has to be in it.
#pragma once

#include <vector>

#include "base/files.h"
#include "run/verify.h"

namespace hens {

// Where members' files are not in the folder: what ExpectedRun has of the same names.
struct VerifiedFiles {
  std::function<FileState(const StoredFile&, bool full)> check;
  std::function<void(const std::function<void(const fs::path&)>& use)> for_each_path;
  int threads = 2;
};

// Stores, members and markers (run/verify.h), and beside them the manifest, the attempts' records and the reports.
// Everything that is not as it has to be, by path; where run.json itself is damaged that is the only finding, since it
// says what has to be there. Changes nothing. `full`: recompute every checksum. Throws Error{missing_input} where
// `root` holds no run. `elsewhere`: members' files are there; everything else is in the folder.
std::vector<Finding> verify_folder(const fs::path& root, bool full, const VerifiedFiles* elsewhere = nullptr);

}  // namespace hens
