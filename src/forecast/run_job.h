// A job from its spec to complete stores: every model, initial time and member of a selection.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "job/work_plan.h"
#include "net/download.h"
#include "run/manifest.h"
#include "run/results_bucket.h"

namespace hens {

struct RunOptions {
  fs::path output;  // the run's folder
  Selection selection;
  std::string selection_text = "all";
  double check = 0;            // fraction of members that the reference engine steps, too
  bool force_new_run = false;  // set what the folder holds aside, under <folder>.previous-<n>
  // The program and arguments that make a worker process of it (forecast/crew.h); empty: all is done in this process,
  // on the first device.
  std::vector<std::string> worker_command = {};
  ResultsBucket* bucket = nullptr;  // where results go, too; none: they stay in `output`
  // Files of members that are read here after the run: they stay, whatever runtime.keep_local says.
  std::function<bool(const fs::path&)> read_later = [](const fs::path&) { return false; };
};

struct RunResult {
  Manifest manifest;                  // RunFolder::outline() at the end
  ExitCode exit_code = ExitCode::ok;  // not_finite or members_failed where members of the selection failed
  int members_done = 0;               // by this process
  int members_kept = 0;               // complete before
  int members_failed = 0;
  bool all_complete = false;  // of the whole job, other shards' members included
};

// Runs what is unfinished of the selection, and records the attempt whatever its end. On a stop signal:
// Error{interrupted} within seconds, nothing partial published. Other errors as the parts throw them; what was finished
// before stays. With a bucket, it first brings what is there, and all that was made is there in the end; what other
// processes put there meanwhile is in `output` then, too. Members that left the finite numbers are counted in the
// result, not thrown.
RunResult run_job(const JobSpec& spec, const RunOptions& options, Downloader& downloader, Log& log);

}  // namespace hens
