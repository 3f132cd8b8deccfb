// Sends what a run makes to its bucket while it goes on: members' files as they complete, then their markers, and parts
// of statistics. In threads of its own behind a bounded queue.
//
// What is in the bucket is at any moment a run that another machine could go on with: a marker goes up when all that it
// lists is there, and every part of statistics that its member may be in; run.json when the stores' metadata are; the
// record of a merged store when its files are. Who dies leaves no more than an object less, and perhaps an unfinished
// multipart upload, which the next run ends.
//
// One process uploads what several make in a folder (the parent of workers on several devices): it goes by what is in
// the folder. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/stopwatch.h"
#include "run/manifest.h"
#include "run/results_bucket.h"

namespace hens {

struct UploaderOptions {
  int members_waiting = 16;  // so many may wait, or be on their way: then member() waits
  int threads = 4;
  bool keep_local = true;  // else members' fields are removed once their marker is in the bucket
  // Files that are read here later: they stay until drop_fields().
  std::function<bool(const fs::path&)> needed = [](const fs::path&) { return false; };
};

// What ends requests: a stop, so much later as an upload may take of the seconds that a stopped process has.
std::function<void()> watch_for_uploads();

class Uploader {
 public:
  // `spec` is the job's; what is in `root` is sent to `bucket`, which is pulled already.
  Uploader(ResultsBucket& bucket, fs::path root, const RunIdentity& run, UploaderOptions options, Log& log);
  // Drops what waits: it stays in the folder, and the next run sends it.
  ~Uploader();

  // Metadata and coordinates of stores. Call before anything else: run.json says that they are there. Waits.
  void metadata(bool full);
  // The record of an attempt, first of all others: false where another process took its number meanwhile.
  bool claim_attempt(int number);

  // A member whose marker is in the folder. Waits while the queue is full; throws the error that ended the uploads.
  // After a stop request, a member that finds no room is left to the next run.
  void member(const MemberId& task);
  // Parts of statistics changed. Does not wait.
  void parts();
  void throw_if_failed();
  // Waits until all is in the bucket that was handed over, and parts are there as they are in the folder. Throws the
  // error that ended the uploads; Error{interrupted} where a stop leaves no time for it.
  void drain();
  // The same; throws Error{interrupted} after a stop, though all is there.
  void finish();

  int64_t members_done() const { return members_done_; }

 private:
  struct Member {
    MemberId id;
    fs::path marker;
    std::vector<StoredFile> files;
    std::atomic<size_t> left{0};
  };
  struct File {
    std::shared_ptr<Member> member;  // none: parts
    size_t file = 0;
  };

  void work();
  std::optional<File> next();
  void send(const File& file);
  void finish_member(const Member& member);
  void sync_parts();
  bool put_new_parts();
  void fail_with(std::exception_ptr error);

  ResultsBucket& bucket_;
  fs::path root_;
  const RunIdentity& run_;
  WorkPlan plan_;
  UploaderOptions options_;
  Log& log_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<File> queue_;
  int members_ = 0;            // waiting or on their way
  int busy_ = 0;               // threads with a file in hand
  bool parts_wanted_ = false;  // a file of parts waits in the queue
  bool ending_ = false;
  std::exception_ptr error_;

  std::mutex parts_mutex_;              // one thread at a time
  std::map<fs::path, uint64_t> parts_;  // in the bucket: sizes
  std::atomic<int64_t> members_done_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace hens
