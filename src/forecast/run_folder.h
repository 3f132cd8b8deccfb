// A run's folder: who may work in it, what is complete in it, and its manifest.
//
// Several processes may work in one folder at the same time (shards, or the same command twice): everything that is
// read and then written back is done under the folder's lock. Thread-safe.
#pragma once

#include <mutex>
#include <vector>

#include "base/log.h"
#include "forecast/layout.h"
#include "forecast/manifest.h"
#include "job/work_plan.h"
#include "store/marker.h"

namespace hens {

// What a resumed run must agree on.
struct RunIdentity {
  JobSpec spec;
  std::vector<std::string> model_names, model_digests;
  std::string device_kind;
  LatLonGrid grid;

  LayoutFacts facts() const { return {grid, model_names}; }
};

class RunFolder {
 public:
  // Makes the folder, or opens it. Throws Error{bad_spec} naming every field in which `identity` differs from what the
  // folder holds, with both values; nothing is changed then. What another run left that failed before any member was
  // complete (a mistake in its spec, say) is removed instead.
  RunFolder(fs::path root, RunIdentity identity, Log& log);

  const fs::path& root() const { return root_; }
  const RunIdentity& identity() const { return identity_; }

  // Checks the members of `tasks` against their markers (every file's checksum where `full`, else its size), withdraws
  // the markers of damaged ones (from then on no reader counts them as complete), mends metadata and coordinates, and
  // removes temporaries of dead writers. Returns the tasks still to be done, in order.
  std::vector<MemberTask> pending(const std::vector<MemberTask>& tasks, bool full);

  // Registers this process; returns the attempt's number. Publishes run.json and metrics.prom. The numbers of shard I
  // of N leave the remainder I when divided by N (from 0), also where each shard has a folder of its own: the folders
  // of all shards can be copied into one.
  int begin_attempt(Attempt attempt, const Selection& selection = {});

  // For a run with nothing left to do: puts damaged records of attempts and run.json right again.
  void mend_records();

  // Publishes the marker of a member whose data are durable.
  void complete(const MemberTask& task, std::vector<StoredFile> files, const MemberTime& time);

  // Publishes the attempt's record, with the members that it gave up, run.json and metrics.prom.
  void end_attempt(Attempt attempt);

  // A member that this process gave up; it stands as failed in run.json until somebody completes it.
  void record_failed(const MemberFailure& failure);

  // The merge of spec, attempts and markers as of now; trusts markers.
  Manifest manifest() const;
  bool all_complete() const;

 private:
  void refuse_other_run() const;
  bool only_failed() const;
  void remove_run(const Manifest& there) const;
  fs::path marker_path(const MemberTask& task) const;
  void withdraw(const MemberTask& task);
  void publish_views() const;
  void mend_attempts();

  fs::path root_;
  RunIdentity identity_;
  std::string hash_;
  Log& log_;
  mutable std::mutex mutex_;
  int attempt_ = 0;
  std::vector<MemberFailure> failures_;
};

// The manifest of the run in `root`, merged anew from run.json's spec, the attempts and the markers.
// Throws Error{missing_input} where there is no run, {bad_input} where run.json is damaged.
Manifest merged_manifest(const fs::path& root);

// Excludes other processes from read-and-write-back in `root` while it lives (flock on the folder itself). On file
// systems without locks it excludes those of the same machine.
class RunLock {
 public:
  explicit RunLock(const fs::path& root);
  bool reaches_other_machines() const { return !machine_lock_; }

 private:
  FileDescriptor folder_, machine_lock_;
};

}  // namespace hens
