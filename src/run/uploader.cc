#include "run/uploader.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/stop.h"
#include "run/bucket_views.h"
#include "run/layout.h"
#include "run/run_parts.h"

namespace hens {
namespace {

using namespace std::chrono_literals;

constexpr double seconds_after_stop = 3.0;  // of the four that a stopped process has (forecast/stop_deadline.h)

// Seconds since the first call that saw the stop.
double seconds_stopped() {
  using Clock = std::chrono::steady_clock;
  static std::atomic<Clock::rep> since{0};
  const Clock::rep now = Clock::now().time_since_epoch().count();
  Clock::rep none = 0;
  since.compare_exchange_strong(none, now);
  return std::chrono::duration<double>(Clock::duration(now - since.load())).count();
}

}  // namespace

std::function<void()> watch_for_uploads() {
  return [] {
    if (stop_requested() && seconds_stopped() > seconds_after_stop) {
      fail(ExitCode::interrupted, "stopped before all results were uploaded; the same command continues");
    }
  };
}

Uploader::Uploader(ResultsBucket& bucket, fs::path root, const RunIdentity& run, UploaderOptions options, Log& log)
    : bucket_(bucket), root_(std::move(root)), run_(run), plan_(run.spec), options_(std::move(options)), log_(log) {
  for (const fs::path& path : bucket_.records(parts_folder)) {
    std::error_code none;
    // What pull() brought; a part that is in the folder and not in the bucket is new.
    if (path.extension() == ".part") parts_[path] = fs::file_size(root_ / path, none);
  }
  for (int k = 0; k < options_.threads; ++k) threads_.emplace_back([this] { work(); });
}

Uploader::~Uploader() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
    queue_.clear();
  }
  bucket_.abandon();
  changed_.notify_all();
  threads_.clear();
  bucket_.abandon(false);
}

void Uploader::metadata(bool full) {
  if (bucket_.has("run.json") && !full) return;
  std::vector<StoredFile> files;
  for (const RunStore& store : open_stores(root_, run_.spec, run_.facts())) {
    for (const PrescribedFile& file : store.store->prescribed_files()) {
      files.push_back({(store.folder / file.path).string(), file.bytes.size(), ""});
    }
  }
  const bool known = bucket_.has("run.json");
  for_each_request(files.size(), [&](size_t k) {
    if (known && bucket_.holds("run.json", files[k], true)) return;
    bucket_.put(root_, files[k].path);
  });
}

bool Uploader::claim_attempt(int number) {
  return bucket_.claim(root_, fs::path("attempts") / fmt::format("{:04d}.json", number));
}

void Uploader::fail_with(std::exception_ptr error) {
  {
    const std::lock_guard guard(mutex_);
    if (!error_) error_ = error;
    queue_.clear();
    members_ = 0;
    parts_wanted_ = false;
  }
  bucket_.abandon();
  changed_.notify_all();
}

void Uploader::throw_if_failed() {
  const std::lock_guard guard(mutex_);
  if (error_) std::rethrow_exception(error_);
}

void Uploader::member(const MemberId& task) {
  auto member = std::make_shared<Member>();
  member->id = task;
  member->marker = plan_.marker(task);
  member->files = read_marker(root_ / member->marker).files;
  member->left = std::max<size_t>(1, member->files.size());
  std::unique_lock lock(mutex_);
  while (!error_ && members_ >= options_.members_waiting) {
    if (stop_requested()) return;
    changed_.wait_for(lock, 100ms);
  }
  if (error_) std::rethrow_exception(error_);
  ++members_;
  for (size_t k = 0; k < member->left; ++k) queue_.push_back({member, k});
  lock.unlock();
  changed_.notify_all();
}

void Uploader::parts() {
  {
    const std::lock_guard guard(mutex_);
    if (error_ || std::exchange(parts_wanted_, true)) return;
    queue_.push_back({});
  }
  changed_.notify_all();
}

std::optional<Uploader::File> Uploader::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ending_ || !queue_.empty(); });
  if (ending_) return std::nullopt;
  File file = std::move(queue_.front());
  queue_.pop_front();
  if (!file.member) parts_wanted_ = false;
  ++busy_;
  return file;
}

void Uploader::work() {
  while (const std::optional<File> file = next()) {
    try {
      send(*file);
    } catch (...) {
      fail_with(std::current_exception());
    }
    {
      const std::lock_guard guard(mutex_);
      --busy_;
    }
    changed_.notify_all();
  }
}

void Uploader::send(const File& file) {
  if (!file.member) return sync_parts();
  Member& member = *file.member;
  if (file.file < member.files.size()) {
    const StoredFile& stored = member.files[file.file];
    if (!bucket_.put(root_, stored.path, stored.sha256)) {
      fail(ExitCode::io, "{}: was removed before it was uploaded: run again", (root_ / stored.path).string());
    }
  }
  if (--member.left > 0) return;
  finish_member(member);
  const std::lock_guard guard(mutex_);
  --members_;
}

void Uploader::finish_member(const Member& member) {
  if (!run_.spec.statistics.empty()) sync_parts();
  bucket_.put_marker(root_, member.marker);
  ++members_done_;
  if (options_.keep_local) return;
  for (const StoredFile& file : member.files) {
    if (!options_.needed(file.path)) drop_field(root_, run_.spec, file.path);
  }
}

// Returns whether one was removed from the folder before it was uploaded: another took its place.
bool Uploader::put_new_parts() {
  bool lost = false;
  std::vector<fs::path> names;
  for_each_entry(root_ / parts_folder, [&](std::string_view name, bool folder) {
    if (!folder && name.ends_with(".part") && !is_temporary_name(name))
      names.emplace_back(fs::path(parts_folder) / name);
  });
  for (const fs::path& path : names) {
    std::error_code gone;
    const uint64_t size = fs::file_size(root_ / path, gone);
    if (const auto known = parts_.find(path); known != parts_.end() && !gone && known->second == size) continue;
    if (gone || !bucket_.put(root_, path)) {
      lost = true;
    } else {
      parts_[path] = size;
    }
  }
  return lost;
}

// A part's place is taken by one with its members and more. The old one goes when the new one is there.
void Uploader::sync_parts() {
  const std::lock_guard guard(parts_mutex_);
  while (put_new_parts()) {
  }
  std::erase_if(parts_, [&](const auto& part) {
    std::error_code none;
    if (fs::exists(root_ / part.first, none)) return false;
    bucket_.remove(part.first);
    return true;
  });
}

void Uploader::drain() {
  if (!run_.spec.statistics.empty()) parts();
  std::unique_lock lock(mutex_);
  const auto watch = watch_for_uploads();
  while (!error_ && (!queue_.empty() || busy_ > 0)) {
    changed_.wait_for(lock, 100ms);
    watch();
  }
  if (error_) std::rethrow_exception(error_);
}

void Uploader::finish() {
  drain();
  stop_if_requested();
}

}  // namespace hens
