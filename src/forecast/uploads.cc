#include "forecast/uploads.h"

#include <algorithm>

#include "run/bucket_views.h"

namespace hens {

void pull_results(ResultsBucket& bucket, const fs::path& root, Log& log) {
  const size_t files = bucket.pull(root);
  log.info("results_bucket", {{"bucket", bucket.place().text()}, {"records_brought", files}});
}

Uploads::Uploads(RunFolder& folder, ResultsBucket* bucket, std::function<bool(const fs::path&)> read_later, Log& log)
    : folder_(folder), bucket_(bucket), log_(log) {
  if (bucket_ == nullptr) return;
  if (folder_.replaced_failed_run()) bucket_->clear();
  folder_.also_in(*bucket_);
  const RuntimeSpec& runtime = folder_.identity().spec.runtime;
  UploaderOptions options{.members_waiting = runtime.upload_queue, .keep_local = runtime.keep_local};
  options.needed = std::move(read_later);
  uploader_.emplace(*bucket_, folder_.root(), folder_.identity(), std::move(options), log_);
}

Uploads::~Uploads() = default;

void Uploads::start(bool full) {
  if (uploader_) uploader_->metadata(full);
}

int Uploads::begin_attempt(const Attempt& attempt, const Selection& selection) {
  while (true) {
    const int number = folder_.begin_attempt(attempt, selection);
    if (!uploader_) return number;
    if (uploader_->claim_attempt(number)) {
      upload_records(*bucket_, folder_.root(), 0);
      return number;
    }
    // Another process, on another machine, took the number: its record comes in place of ours.
    std::error_code ignored;
    fs::remove(folder_.root() / "attempts" / fmt::format("{:04d}.json", number), ignored);
    bucket_->pull(folder_.root());
  }
}

bool Uploads::is_there(const MemberId& task) {
  const JobSpec& spec = folder_.identity().spec;
  const fs::path marker = marker_name(spec, task);
  if (!bucket_->has(marker)) return false;
  const bool full = spec.runtime.full_verify;
  return !full || std::ranges::all_of(read_marker(folder_.root() / marker).files,
                                      [&](const StoredFile& file) { return bucket_->holds(marker, file, true); });
}

void Uploads::send_kept(const std::vector<MemberId>& selected, const std::vector<MemberId>& todo) {
  if (!uploader_) return;
  uploader_->parts();
  if (!leaves_files(folder_.identity().spec)) return;
  auto next = todo.begin();  // both are in running order
  for (const MemberId& task : selected) {
    if (next != todo.end() && *next == task) {
      ++next;
    } else if (!is_there(task)) {
      bucket_->withdraw(marker_name(folder_.identity().spec, task));
      send(task);
    }
  }
}

void Uploads::send(const MemberId& task) {
  if (!uploader_) return;
  leaves_files(folder_.identity().spec) ? uploader_->member(task) : uploader_->parts();
}

void Uploads::complete(const MemberId& task, std::vector<StoredFile> files, const MemberTime& time) {
  folder_.complete(task, std::move(files), time);
  send(task);
}

void Uploads::throw_if_failed() {
  if (uploader_) uploader_->throw_if_failed();
}

void Uploads::wait() {
  if (uploader_) uploader_->finish();
}

void Uploads::finish(int attempt) {
  if (!uploader_) return;
  uploader_->finish();
  upload_records(*bucket_, folder_.root(), attempt);
  bucket_->pull(folder_.root());
  log_.info("uploaded", {{"bucket", bucket_->place().text()},
                         {"members", uploader_->members_done()},
                         {"requests", bucket_->client().requests()},
                         {"seconds", watch_.seconds()}});
}

void Uploads::end_by_error(int attempt) noexcept {
  if (!uploader_) return;
  try {
    uploader_->drain();
    upload_records(*bucket_, folder_.root(), attempt);
  } catch (const std::exception& error) {
    try {
      log_.warn("uploads_unfinished", {{"error", error.what()}, {"remedy", "the same command sends the rest"}});
    } catch (const std::exception&) {  // a full disk, say: the error that counts is thrown
    }
  }
}

}  // namespace hens
