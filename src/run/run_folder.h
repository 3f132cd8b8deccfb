// A run's folder: who may work in it, what is complete in it, and its manifest.
//
// Several processes may work in one folder at the same time (shards, or the same command twice): everything that is
// read and then written back is done under the folder's lock. Thread-safe.
//
// Markers and attempts are the truth; run.json, members.csv and metrics.prom are views of it. To make them all markers
// have to be read, which a process that did 20 members of 100,000 must not pay for. They are made anew:
//   - where there is no run.json yet, or a damaged one;
//   - by a process whose own members are not few beside those that are there (refresh_is_cheap);
//   - by the process after which no member of the plan is left to be done;
//   - by `hens report`.
// Processes that run at the same time look at what is there after their own members: the last of them sees all.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "job/work_plan.h"
#include "run/files_elsewhere.h"
#include "run/layout.h"
#include "run/manifest.h"
#include "run/marker.h"
#include "run/member_records.h"
#include "run/run_parts.h"

namespace hens {

class RunFolder final : public MemberRecords {
 public:
  // Makes the folder, or opens it. Throws Error{bad_spec} naming every field in which `identity` differs from what the
  // folder holds, with both values; nothing is changed then. What another run left that failed before any member was
  // complete (a mistake in its spec, say) is removed instead.
  RunFolder(fs::path root, RunIdentity identity, Log& log);

  const fs::path& root() const { return root_; }
  const RunIdentity& identity() const { return identity_; }

  // From now on a member's files also count where they are there and not, or damaged, here. Lives as long as this.
  void also_in(FilesElsewhere& elsewhere) { elsewhere_ = &elsewhere; }
  // Whether the constructor removed what an earlier run left of which no member was complete.
  bool replaced_failed_run() const { return replaced_; }

  // Checks the members of `tasks` against their markers (every file's checksum where `full`, else its size), withdraws
  // the markers of damaged ones (from then on no reader counts them as complete), mends metadata and coordinates, and
  // removes temporaries of dead writers. Returns the tasks still to be done, in order.
  // Parts of statistics that are damaged or superseded are removed; members that are in no other are still to be done.
  std::vector<MemberId> pending(const std::vector<MemberId>& tasks, bool full);

  // Registers this process; returns the attempt's number. The numbers of shard I
  // of N leave the remainder I when divided by N (from 0), also where each shard has a folder of its own: the folders
  // of all shards can be copied into one.
  int begin_attempt(Attempt attempt, const Selection& selection = {});

  // For a process that works on an attempt that another one registered, and records the end of.
  void join_attempt(int number) { attempt_ = number; }

  // For a process with nothing left to do: puts damaged records of attempts and the views right again, where that is
  // cheap or they do not know yet that nothing is left.
  void mend_records();

  // Publishes the marker of a member whose data are durable.
  void complete(const MemberId& task, std::vector<StoredFile> files, const MemberTime& time) override;

  // Makes metrics.prom anew while members are under way, where that costs little; a scraper sees it whole or not at
  // all.
  void renew_metrics() const;

  // Publishes the attempt's record, with the members that it gave up.
  void end_attempt(Attempt attempt);

  // A member that this process gave up; it stands as failed in run.json until somebody completes it.
  void record_failed(const MemberFailure& failure) override;

  // The merge of spec, attempts and markers as of now; reads every marker and trusts it.
  Manifest manifest() const;
  // What the run is, without attempts and members; `complete` counts the markers by their names alone.
  Manifest outline() const;
  bool all_complete() const { return outline().complete == static_cast<int64_t>(plan_.size()); }

 private:
  bool is_whole(const MemberId& task, const StoredFile& file, bool full, std::string& wrong);
  Manifest identity_manifest() const;
  bool refresh_is_cheap(size_t members) const;
  bool nothing_left(const std::vector<bool>& marked) const;
  void refresh();
  void refuse_other_run();
  bool only_failed() const;
  void remove_run(const Manifest& there) const;
  fs::path marker_path(const MemberId& task) const;
  void withdraw(const MemberId& task);
  bool is_stored(const MemberId& task, bool full);
  RunParts adopt_parts(bool full);
  void add_time(const MemberId& task, const MemberTime& time);
  void mend_attempts();

  fs::path root_;
  RunIdentity identity_;
  WorkPlan plan_;
  std::string hash_;
  Log& log_;
  FilesElsewhere* elsewhere_ = nullptr;
  bool replaced_ = false;
  mutable std::mutex mutex_;
  int attempt_ = 0;
  size_t selected_ = 0;  // members that pending() was asked about
  std::vector<MemberFailure> failures_;
  std::vector<MemberTimes> member_times_;  // of members of which only statistics are kept
};

// The manifest of the run in `root`, merged anew from run.json's spec, the attempts and the markers.
// Throws Error{missing_input} where there is no run, {bad_input} where run.json is damaged.
Manifest merged_manifest(const fs::path& root);

// The one writer of run.json: publishes the views of `manifest` in `root`: members.csv, run.json and metrics.prom.
// Reports that the run.json there lists stay listed where `reports` is none. Requires the run's lock.
// Returns what run.json then tells.
Manifest publish_views(const fs::path& root, Manifest manifest, std::optional<std::vector<StoredFile>> reports = {});

// Which members of `plan` have a marker in `root`, by the markers' names alone: [number]. 30 ms for 100,000.
std::vector<bool> marked_members(const fs::path& root, const WorkPlan& plan);

// Records of attempts in the order of their numbers. A damaged one is left out, and its path appended to `damaged`.
std::vector<Attempt> read_attempts(const fs::path& root, std::vector<fs::path>* damaged = nullptr);

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
