// What a run does about its bucket, where it has one; else nothing. It stands between those who complete members and
// the run's folder. Its functions are called by one thread, but for those of MemberRecords.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "run/run_folder.h"
#include "run/uploader.h"

namespace hens {

// Brings the records that the folder lacks, and says so.
void pull_results(ResultsBucket& bucket, const fs::path& root, Log& log);

class Uploads final : public MemberRecords {
 public:
  // `bucket` may be null. It is pulled already; members that it has count as complete in `folder` from now on.
  Uploads(RunFolder& folder, ResultsBucket* bucket, std::function<bool(const fs::path&)> read_later, Log& log);
  ~Uploads() override;

  // Metadata of stores go up. Call when the folder has looked at what is there.
  void start(bool full);
  // As RunFolder::begin_attempt, with a number that no other process has that works on the bucket.
  int begin_attempt(const Attempt& attempt, const Selection& selection);
  // Members that are complete in the folder and not in the bucket, of those that are not to be done.
  void send_kept(const std::vector<MemberId>& selected, const std::vector<MemberId>& todo);
  void throw_if_failed();
  void wait();
  // Everything is there, and the record of this attempt's end (0: of none); then what others put there comes.
  void finish(int attempt);
  // After an error: as much as goes up, without another error.
  void end_by_error(int attempt) noexcept;

  void complete(const MemberId& task, std::vector<StoredFile> files, const MemberTime& time) override;
  void completed_by_worker(const MemberId& task) override { send(task); }
  void record_failed(const MemberFailure& failure) override { folder_.record_failed(failure); }

 private:
  void send(const MemberId& task);
  bool is_there(const MemberId& task);

  RunFolder& folder_;
  ResultsBucket* bucket_;
  Log& log_;
  std::optional<Uploader> uploader_;
  Stopwatch watch_;
};

}  // namespace hens
