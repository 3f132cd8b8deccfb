// Staging ahead of a run: everything that a job reads, brought into the cache, or listed without bringing it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "job/job_spec.h"
#include "net/download.h"

namespace hens {

struct FetchItem {
  std::string what;      // "model package" | "analysis"
  std::string uri;       // as the spec names it, with the file
  std::string resolved;  // the address after schemes and mirrors
  std::string range;     // "first-last" bytes, inclusive; empty: the whole file
  uint64_t bytes = 0;    // 0: unknown
  std::string sha256;    // of what was fetched; empty in a plan
  std::string path;      // on this machine; empty in a plan
};

// What a run of `spec` would fetch. Reads the indexes of GFS files, nothing else. Packages that are not there yet are
// taken to have the 74 channels of HENS.
std::vector<FetchItem> plan_fetch(const JobSpec& spec, Downloader& downloader);

// Fetches it: packages, and every analysis that the members' initial conditions need, decoded and checked as a run
// does.
std::vector<FetchItem> fetch_all(const JobSpec& spec, Downloader& downloader, Log& log);

}  // namespace hens
