// Staging: model packages from wherever the spec says, as folders on this machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "job/job_spec.h"
#include "net/download.h"
#include "synth/synth.h"

namespace hens {

// The folder that holds package `uri`: a local path or file:// as it is; synth:SIZE?seed=N made in the cache where it
// is not there yet; https://, s3:// and hf:// fetched into the cache file by file. Errors name the URI:
// Error{missing_input}, {bad_spec} for a scheme or synth size that hens does not know, and those of Downloader.
fs::path stage_package(const std::string& uri, Downloader& downloader, Log& log);

// The size that a synth: URI asks for; none for other URIs. Throws Error{bad_spec} as stage_package does.
std::optional<SynthSize> synthetic_size(const std::string& uri);

// The folder that a local path or a file:// URL names; none for other URIs.
std::optional<fs::path> local_folder(const std::string& uri);

// The address of file `name` of package `uri`: s3's `?region=` stays at the end.
std::string package_file_uri(const std::string& uri, const std::string& name);

// A short name for people, host-independent: the last part of the URI; synth_mini_seed102 for synth:mini?seed=102.
std::string package_name(const std::string& uri);

// What tells whether a package's files changed without reading them: path, size, times of modification and change,
// device and inode of each, one line a file.
std::string package_facts(const fs::path& folder);

// package_digest(folder), remembered in the cache by the files' paths, sizes and times, since it reads 8.9 GB.
std::string remembered_package_digest(const fs::path& folder, const fs::path& cache);

// The same of a package that stage_package has brought. Where its checkpoint has not its CRCs, the cache does not keep
// it, so that the same command fetches it anew.
std::string staged_package_digest(const std::string& uri, const fs::path& folder, Downloader& downloader);

// Where the fast engine keeps its weight files.
inline fs::path weight_folder(const fs::path& cache) { return cache / "engine"; }

// Files that a package consists of, relative to its folder.
const std::vector<std::string>& package_files();

}  // namespace hens
