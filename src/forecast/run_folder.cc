#include "forecast/run_folder.h"

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <optional>
#include <thread>
#include <unistd.h>

#include <sys/file.h>

#include "base/error.h"
#include "base/locks.h"
#include "forecast/metrics.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

double seconds_of(const Json& timing, const char* key) { return timing.value(key, 0.0); }

MemberTime member_time(const MemberTask& task, const Json& timing) {
  return {task.length,
          task.model,
          task.time,
          task.member,
          seconds_of(timing, "perturbation"),
          seconds_of(timing, "steps"),
          seconds_of(timing, "output_wait"),
          seconds_of(timing, "total")};
}

Json timing_json(const MemberTime& time) {
  return {{"perturbation", time.perturbation},
          {"steps", time.steps},
          {"output_wait", time.output_wait},
          {"total", time.total}};
}

// Attempts in the order of their numbers; a damaged record is left out and named.
std::vector<Attempt> read_attempts(const fs::path& root, std::vector<fs::path>* damaged = nullptr) {
  std::vector<fs::path> paths;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(root / "attempts", none)) {
    if (entry.path().extension() == ".json" && !is_temporary_name(entry.path().filename().string())) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Attempt> attempts;
  for (const fs::path& path : paths) {
    try {
      attempts.push_back(read_attempt(path));
    } catch (const Error&) {
      if (damaged != nullptr) damaged->push_back(path);
    }
  }
  return attempts;
}

fs::path attempt_path(const fs::path& root, int number) {
  return root / "attempts" / fmt::format("{:04d}.json", number);
}

// "forecast.steps is [4] there and [40] here", for every leaf that differs.
void collect_differences(const std::string& key, const Json& there, const Json& here, std::string& text) {
  if (there == here) return;
  if (there.is_object() && here.is_object()) {
    for (const auto& [name, value] : there.items()) {
      collect_differences(key.empty() ? name : key + "." + name, value, here.value(name, Json()), text);
    }
    return;
  }
  const auto holds_sections = [](const Json& json) { return json.is_array() && !json.empty() && json[0].is_object(); };
  if (holds_sections(there) && holds_sections(here) && there.size() == here.size()) {
    for (size_t k = 0; k < there.size(); ++k) {
      collect_differences(fmt::format("{}.{}", key, k), there[k], here[k], text);
    }
    return;
  }
  text += fmt::format("\n  {} is {} there and {} here", key, there.dump(), here.dump());
}

// Marker files sit in one folder; reading them all is one pass. Unreadable ones count as absent.
std::optional<Marker> find_marker(const fs::path& path) {
  std::error_code none;
  if (!fs::exists(path, none)) return std::nullopt;
  try {
    return read_marker(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool belongs(const Marker& marker, const MemberTask& task, const std::string& hash, const std::string& identity) {
  return marker.forecast_hash == hash && marker.run_identity == identity && marker.length == task.length &&
         marker.model == task.model && marker.time == task.time && marker.member == task.member;
}

uint64_t bytes_of(const std::vector<StoredFile>& files) {
  uint64_t bytes = 0;
  for (const StoredFile& file : files) bytes += file.bytes;
  return bytes;
}

void mark_failed(std::vector<MemberEntry>& members, int attempt, const std::vector<MemberFailure>& failures) {
  if (failures.empty()) return;
  std::map<MemberTask, NotFinite> failed;
  for (const MemberFailure& failure : failures) failed[failure.task] = failure.where;
  for (MemberEntry& entry : members) {
    const auto found = failed.find({entry.time.length, entry.time.model, entry.time.time, entry.time.member});
    if (found == failed.end() || entry.state == MemberState::complete) continue;
    entry.state = MemberState::failed;
    entry.attempt = attempt;
    entry.failure = found->second;
  }
}

Manifest merge(const fs::path& root, Manifest manifest) {
  manifest.attempts = read_attempts(root);
  manifest.members.clear();
  for (const MemberTask& task : plan_members(manifest.spec)) {
    MemberEntry entry{member_time(task, Json::object())};
    const auto marker = find_marker(root / marker_name(manifest.spec, task));
    const std::string identity = run_identity(manifest.model_digests.at(task.model), manifest.device_kind);
    if (marker && belongs(*marker, task, manifest.forecast_hash, identity)) {
      entry = {member_time(task, marker->timing), MemberState::complete, marker->attempt, marker->finished,
               bytes_of(marker->files),           std::nullopt};
    }
    manifest.members.push_back(entry);
  }
  for (const Attempt& attempt : manifest.attempts) mark_failed(manifest.members, attempt.number, attempt.failures);
  return manifest;
}

}  // namespace

RunLock::RunLock(const fs::path& root) : folder_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!folder_) fail(output_error_code(errno), "{}: cannot open the folder: {}", root.string(), errno_text(errno));
  while (::flock(folder_.get(), LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    if (!has_no_locks(errno)) fail(ExitCode::io, "{}: cannot lock the folder: {}", root.string(), errno_text(errno));
    while (!(machine_lock_ = try_machine_lock(root))) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return;
  }
}

RunFolder::RunFolder(fs::path root, RunIdentity identity, Log& log)
    : root_(std::move(root)), identity_(std::move(identity)), hash_(forecast_hash(identity_.spec)), log_(log) {
  make_folders(root_);
  const RunLock lock(root_);
  if (!lock.reaches_other_machines()) {
    log_.warn("no_locks",
              {{"path", root_.string()},
               {"message",
                "this file system has no locks: work on the folder from one machine at a time, or give each "
                "shard an --output of its own"}});
  }
  refuse_other_run();
}

fs::path RunFolder::marker_path(const MemberTask& task) const { return root_ / marker_name(identity_.spec, task); }

void RunFolder::refuse_other_run() const {
  std::error_code none;
  if (!fs::exists(root_ / "run.json", none)) return;
  std::optional<Manifest> there;
  try {
    there = read_manifest(root_);
  } catch (const Error& error) {
    log_.warn("manifest_damaged", {{"error", error.what()}, {"remedy", "made anew from the job spec and the markers"}});
    return;
  }
  std::string differences;
  collect_differences("", forecast_part(there->spec), forecast_part(identity_.spec), differences);
  for (size_t k = 0; k < std::min(there->model_digests.size(), identity_.model_digests.size()); ++k) {
    collect_differences(fmt::format("the content of models[{}]", k), there->model_digests[k],
                        identity_.model_digests[k], differences);
  }
  collect_differences("the kind of device", there->device_kind, identity_.device_kind, differences);
  if (differences.empty()) return;
  if (only_failed()) {
    log_.warn("failed_run_replaced", {{"why", "no member of it was complete"}, {"differences", differences}});
    return remove_run(*there);
  }
  fail(ExitCode::bad_spec,
       "{}: holds another run:{}\nGive another --output, or --force-new-run to set the old one aside and start anew",
       root_.string(), differences);
}

// Whether every attempt ended with an error, and none with a complete member. An attempt without an end may still run.
bool RunFolder::only_failed() const {
  std::error_code none;
  if (fs::exists(root_ / "members", none)) return false;
  std::vector<fs::path> damaged;
  const std::vector<Attempt> attempts = read_attempts(root_, &damaged);
  return damaged.empty() && !attempts.empty() &&
         std::ranges::all_of(attempts, [](const Attempt& attempt) { return attempt.exit_code.value_or(0) != 0; });
}

// run.json goes before the attempts: without it the folder is free. What cannot be removed is in the way of the new
// run's own files, and named there.
void RunFolder::remove_run(const Manifest& there) const {
  std::error_code ignored;
  for (const RunStore& store : open_stores(root_, there.spec, {there.grid, there.model_names})) {
    fs::remove_all(root_ / store.folder, ignored);
    if (store.folder.has_parent_path()) fs::remove(root_ / store.folder.parent_path(), ignored);
  }
  fs::remove(root_ / "run.json", ignored);
  fs::remove_all(root_ / "attempts", ignored);
}

void RunFolder::withdraw(const MemberTask& task) {
  const fs::path path = marker_path(task);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    fail(output_error_code(errno), "{}: cannot remove: {}", path.string(), errno_text(errno));
  }
}

std::vector<MemberTask> RunFolder::pending(const std::vector<MemberTask>& tasks, bool full) {
  if (const int stale = remove_stale_temporaries(root_)) log_.info("stale_temporaries_removed", {{"files", stale}});
  for (const RunStore& store : open_stores(root_, identity_.spec, identity_.facts())) store.store->publish_metadata();
  std::vector<MemberTask> todo;
  for (const MemberTask& task : tasks) {
    const auto marker = find_marker(marker_path(task));
    std::string wrong = marker ? "" : "no marker";
    if (marker &&
        !belongs(*marker, task, hash_, run_identity(identity_.model_digests[task.model], identity_.device_kind))) {
      wrong = "the marker belongs to another run";
    }
    for (size_t k = 0; wrong.empty() && k < marker->files.size(); ++k) {
      const FileState state = check_file(root_, marker->files[k], full);
      if (state != FileState::good) wrong = fmt::format("{}: {}", marker->files[k].path, text(state));
    }
    if (wrong.empty()) continue;
    std::error_code none;
    if (fs::exists(marker_path(task), none)) {
      log_.warn("member_damaged", {{"marker", marker_name(identity_.spec, task)}, {"why", wrong}});
      withdraw(task);
    }
    todo.push_back(task);
  }
  return todo;
}

// Requires the run's lock.
void RunFolder::mend_attempts() {
  std::vector<fs::path> damaged;
  read_attempts(root_, &damaged);
  for (const fs::path& path : damaged) {
    log_.warn("attempt_record_damaged", {{"path", path.string()}, {"remedy", "restored from run.json, or removed"}});
    fs::remove(path);
  }
  try {
    for (const Attempt& attempt : read_manifest(root_).attempts) {
      const fs::path path = attempt_path(root_, attempt.number);
      std::error_code none;
      if (!fs::exists(path, none)) publish_file(path, attempt_text(attempt));
    }
  } catch (const Error&) {  // no manifest, or a damaged one: what the folder holds is all there is
  }
}

int RunFolder::begin_attempt(Attempt attempt, const Selection& selection) {
  const RunLock lock(root_);
  mend_attempts();
  const std::vector<Attempt> earlier = read_attempts(root_);
  attempt_ = earlier.empty() ? 1 : earlier.back().number + 1;
  while ((attempt_ - 1) % selection.shards != selection.shard) ++attempt_;
  attempt.number = attempt_;
  publish_file(attempt_path(root_, attempt_), attempt_text(attempt));
  publish_views();
  return attempt_;
}

void RunFolder::mend_records() {
  const RunLock lock(root_);
  mend_attempts();
  publish_views();
}

void RunFolder::complete(const MemberTask& task, std::vector<StoredFile> files, const MemberTime& time) {
  Marker marker;
  marker.forecast_hash = hash_;
  marker.run_identity = run_identity(identity_.model_digests[task.model], identity_.device_kind);
  marker.length = task.length;
  marker.model = task.model;
  marker.time = task.time;
  marker.member = task.member;
  marker.attempt = attempt_;
  marker.files = std::move(files);
  marker.timing = timing_json(time);
  marker.finished = iso_moment(moment_now());
  publish_marker(marker_path(task), marker);
}

// Requires the run's lock.
void RunFolder::publish_views() const {
  const Manifest now = manifest();
  publish_file(root_ / "run.json", manifest_text(now));
  publish_file(root_ / "metrics.prom", metrics_text(now));
}

void RunFolder::end_attempt(Attempt attempt) {
  {
    const std::lock_guard guard(mutex_);
    attempt.failures = failures_;
  }
  const RunLock lock(root_);
  publish_file(attempt_path(root_, attempt_), attempt_text(attempt));
  publish_views();
}

void RunFolder::record_failed(const MemberFailure& failure) {
  const std::lock_guard guard(mutex_);
  failures_.push_back(failure);
}

Manifest RunFolder::manifest() const {
  Manifest manifest;
  manifest.spec = identity_.spec;
  manifest.forecast_hash = hash_;
  manifest.model_names = identity_.model_names;
  manifest.model_digests = identity_.model_digests;
  manifest.device_kind = identity_.device_kind;
  manifest.grid = identity_.grid;
  manifest = merge(root_, std::move(manifest));
  const std::lock_guard guard(mutex_);
  mark_failed(manifest.members, attempt_, failures_);
  return manifest;
}

bool RunFolder::all_complete() const {
  const Manifest now = manifest();
  return std::all_of(now.members.begin(), now.members.end(),
                     [](const MemberEntry& entry) { return entry.state == MemberState::complete; });
}

Manifest merged_manifest(const fs::path& root) { return merge(root, read_manifest(root)); }

}  // namespace hens
