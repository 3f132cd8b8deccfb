#include "run/run_folder.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <exception>
#include <fcntl.h>
#include <map>
#include <thread>
#include <unistd.h>

#include <sys/file.h>

#include "base/error.h"
#include "base/locks.h"
#include "run/member_table.h"
#include "run/metrics.h"
#include "run/run_parts.h"
#include "run/track_files.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

double seconds_of(const Json& timing, const char* key) { return timing.value(key, 0.0); }

MemberTime member_time(const Json& timing) {
  return {seconds_of(timing, "perturbation"), seconds_of(timing, "steps"), seconds_of(timing, "output_wait"),
          seconds_of(timing, "total")};
}

Json timing_json(const MemberTime& time) {
  return {{"perturbation", time.perturbation},
          {"steps", time.steps},
          {"output_wait", time.output_wait},
          {"total", time.total}};
}

// Names in attempts/ that are a record's, with their numbers.
std::map<int, fs::path> attempt_records(const fs::path& root) {
  std::map<int, fs::path> records;
  for_each_entry(root / "attempts", [&](std::string_view name, bool) {
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && number > 0 && std::string_view(end, name.data() + name.size()) == ".json") {
      records.emplace(number, root / "attempts" / name);
    }
  });
  return records;
}

bool has_manifest(const fs::path& root) {
  try {
    read_manifest(root);
    return true;
  } catch (const Error&) {
    return false;
  }
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

bool belongs(const Marker& marker, const MemberId& task, const std::string& hash, const std::string& identity) {
  return marker.forecast_hash == hash && marker.run_identity == identity && marker.id == task;
}

// What a marker tells of times has to be times: seconds from 0 on, and a moment.
bool has_possible_times(const Marker& marker) {
  if (!marker.timing.is_object()) return false;
  for (const auto& [stage, seconds] : marker.timing.items()) {
    if (!seconds.is_number() || !(seconds.get<double>() >= 0.0)) return false;
  }
  if (!marker.finished.empty()) parse_moment(marker.finished);
  return true;
}

// A marker that is damaged costs its own member, which then counts as not done, and nothing else.
std::optional<Marker> find_marker(const fs::path& path) {
  std::error_code none;
  if (!fs::exists(path, none)) return std::nullopt;
  try {
    Marker marker = read_marker(path);
    if (has_possible_times(marker)) return marker;
  } catch (const Error&) {  // as if it were not there
  }
  return std::nullopt;
}

// The entry of a member whose marker says so; a pending one where the marker is damaged or of another run.
MemberEntry marked_entry(const fs::path& root, const Manifest& manifest, const WorkPlan& plan, const MemberId& task) {
  const MemberEntry pending{task};
  const std::optional<Marker> marker = find_marker(root / plan.marker(task));
  if (!marker || !belongs(*marker, task, manifest.forecast_hash, manifest.of_model(task.model))) return pending;
  MemberEntry entry = pending;
  entry.time = member_time(marker->timing);
  entry.state = MemberState::complete;
  entry.attempt = marker->attempt;
  if (!marker->finished.empty()) entry.finished = parse_moment(marker->finished);
  for (const StoredFile& file : marker->files) entry.bytes += file.bytes;
  return entry;
}

// The entries of the members with these numbers, in the same order. On several threads: what takes time is to open
// many small files, above all over a network.
std::vector<MemberEntry> marked_entries(const fs::path& root, const Manifest& manifest, const WorkPlan& plan,
                                        const std::vector<size_t>& numbers) {
  constexpr size_t piece = 256;
  std::vector<MemberEntry> entries(numbers.size());
  std::atomic<size_t> next{0};
  std::exception_ptr error;
  std::mutex mutex;
  const auto work = [&] {
    try {
      for (size_t first = next.fetch_add(piece); first < numbers.size(); first = next.fetch_add(piece)) {
        for (size_t k = first; k < std::min(first + piece, numbers.size()); ++k) {
          entries[k] = marked_entry(root, manifest, plan, plan.task(numbers[k]));
        }
      }
    } catch (...) {
      const std::lock_guard guard(mutex);
      error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> helpers;
    const size_t threads = std::min<size_t>(8, numbers.size() / piece);
    for (size_t k = 1; k < threads; ++k) helpers.emplace_back(work);
    work();
  }
  if (error) std::rethrow_exception(error);
  return entries;
}

// Where members failed, by number; of several attempts the last counts.
using Failures = std::map<size_t, std::pair<int, NotFinite>>;

void add_failures(Failures& failures, const WorkPlan& plan, int attempt, const std::vector<MemberFailure>& list) {
  for (const MemberFailure& failure : list) {
    if (plan.contains(failure.id)) failures[plan.number(failure.id)] = {attempt, failure.where};
  }
}

Failures failures_of(const std::vector<Attempt>& attempts, const WorkPlan& plan) {
  Failures failures;
  for (const Attempt& attempt : attempts) add_failures(failures, plan, attempt.number, attempt.failures);
  return failures;
}

MemberEntry failed_entry(const MemberId& task, const std::pair<int, NotFinite>& failure) {
  MemberEntry entry{task};
  entry.state = MemberState::failed;
  entry.attempt = failure.first;
  entry.failure = failure.second;
  return entry;
}

// The numbers of all that have a marker or failed, ascending.
std::vector<size_t> known_numbers(const std::vector<bool>& marked, const Failures& failures) {
  std::vector<size_t> numbers;
  numbers.reserve(static_cast<size_t>(std::count(marked.begin(), marked.end(), true)) + failures.size());
  for (size_t number = 0; number < marked.size(); ++number) {
    if (marked[number] || failures.contains(number)) numbers.push_back(number);
  }
  return numbers;
}

// `own`: failures of attempt number `attempt`, whose record does not tell of them yet.
Manifest merge(const fs::path& root, Manifest manifest, int attempt = 0, const std::vector<MemberFailure>& own = {}) {
  const WorkPlan plan(manifest.spec);
  manifest.attempts = read_attempts(root);
  manifest.earlier_attempts.clear();
  Failures failures = failures_of(manifest.attempts, plan);
  add_failures(failures, plan, attempt, own);
  const std::vector<size_t> numbers = known_numbers(complete_members(root, manifest, plan), failures);
  manifest.members = leaves_files(manifest.spec) ? marked_entries(root, manifest, plan, numbers)
                                                 : part_entries(root, manifest, plan, numbers);
  for (size_t k = 0; k < numbers.size(); ++k) {
    const auto failed = failures.find(numbers[k]);
    MemberEntry& entry = manifest.members[k];
    if (entry.state == MemberState::pending && failed != failures.end()) {
      entry = failed_entry(plan.task(numbers[k]), failed->second);
    }
  }
  std::erase_if(manifest.members, [](const MemberEntry& entry) { return entry.state == MemberState::pending; });
  manifest.complete = std::ranges::count(manifest.members, MemberState::complete, &MemberEntry::state);
  manifest.failed = static_cast<int64_t>(manifest.members.size()) - manifest.complete;
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

std::vector<Attempt> read_attempts(const fs::path& root, std::vector<fs::path>* damaged) {
  std::vector<Attempt> attempts;
  for (const auto& [number, path] : attempt_records(root)) {
    try {
      attempts.push_back(read_attempt(path));
    } catch (const Error&) {
      if (damaged != nullptr) damaged->push_back(path);
    }
  }
  return attempts;
}

std::vector<bool> marked_members(const fs::path& root, const WorkPlan& plan) {
  std::vector<bool> marked(plan.size());
  for_each_entry(root / "members", [&](std::string_view name, bool folder) {
    if (const auto number = plan.find_marker(name); number && !folder) marked[*number] = true;
  });
  return marked;
}

Manifest publish_views(const fs::path& root, Manifest manifest, std::optional<std::vector<StoredFile>> reports) {
  if (!reports) {
    try {
      reports = read_manifest(root).reports;
    } catch (const Error&) {  // none yet, or damaged: then what it listed is not known
      reports.emplace();
    }
  }
  manifest.reports = std::move(*reports);
  manifest.member_table = publish_member_table(root, manifest);
  publish_file(root / "run.json", manifest_text(manifest));
  publish_file(root / "metrics.prom", metrics_text(manifest));
  return manifest;
}

RunFolder::RunFolder(fs::path root, RunIdentity identity, Log& log)
    : root_(std::move(root)),
      identity_(std::move(identity)),
      plan_(identity_.spec),
      hash_(forecast_hash(identity_.spec)),
      log_(log) {
  make_folders(root_);
  check_publishing(root_);
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

fs::path RunFolder::marker_path(const MemberId& task) const { return root_ / plan_.marker(task); }

void RunFolder::refuse_other_run() {
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
    replaced_ = true;
    return remove_run(*there);
  }
  fail(ExitCode::bad_spec,
       "{}: holds another run:{}\nGive another --output, or --force-new-run to set the old one aside and start anew",
       root_.string(), differences);
}

// Whether every attempt ended with an error, and none with a complete member. An attempt without an end may still run.
bool RunFolder::only_failed() const {
  std::error_code none;
  if (fs::exists(root_ / "members", none) || fs::exists(root_ / parts_folder, none)) return false;
  std::vector<fs::path> damaged;
  const std::vector<Attempt> attempts = read_attempts(root_, &damaged);
  return damaged.empty() && !attempts.empty() &&
         std::ranges::all_of(attempts, [](const Attempt& attempt) { return attempt.exit_code.value_or(0) != 0; });
}

// run.json goes before the attempts: without it the folder is free. What cannot be removed is in the way of the new
// run's own files, and named there.
void RunFolder::remove_run(const Manifest& there) const {
  std::error_code ignored;
  for (const RunStore& store : open_stores(root_, there.spec, there.facts())) {
    fs::remove_all(root_ / store.folder, ignored);
    if (store.folder.has_parent_path()) fs::remove(root_ / store.folder.parent_path(), ignored);
  }
  if (!there.spec.tracks.empty()) fs::remove_all(root_ / tracks_folder, ignored);
  fs::remove(root_ / "run.json", ignored);
  fs::remove(root_ / member_table_file, ignored);
  fs::remove_all(root_ / "attempts", ignored);
}

void RunFolder::withdraw(const MemberId& task) {
  const fs::path path = marker_path(task);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    fail(output_error_code(errno), "{}: cannot remove: {}", path.string(), errno_text(errno));
  }
  if (elsewhere_ != nullptr) elsewhere_->withdraw(plan_.marker(task));
}

std::vector<MemberId> RunFolder::pending(const std::vector<MemberId>& tasks, bool full) {
  selected_ = tasks.size();
  // The temporaries of a few members lie among the files of all, which have to be listed to find them.
  const bool sweep = refresh_is_cheap(plan_.size());
  if (const int stale = sweep ? remove_stale_temporaries(root_) : 0)
    log_.info("stale_temporaries_removed", {{"files", stale}});
  for (const RunStore& store : open_stores(root_, identity_.spec, identity_.facts())) store.store->publish_metadata();
  const RunParts parts = adopt_parts(full);
  const bool files = leaves_files(identity_.spec), sums = !identity_.spec.statistics.empty();
  std::vector<MemberId> todo;
  for (const MemberId& task : tasks) {
    const bool stored = !files || is_stored(task, full);
    if (!stored || (sums && !parts.contains(task))) todo.push_back(task);
  }
  return todo;
}

// Whether a file of a member is as it has to be, here or elsewhere; `wrong` says what it is else. A damaged one that is
// elsewhere is removed here: nobody should read it.
bool RunFolder::is_whole(const MemberId& task, const StoredFile& file, bool full, std::string& wrong) {
  const FileState state = check_file(root_, file, full);
  if (state == FileState::good) return true;
  if (elsewhere_ != nullptr && elsewhere_->holds(plan_.marker(task), file, full)) {
    if (state == FileState::missing) return true;
    log_.warn("file_damaged", {{"file", file.path}, {"why", text(state)}, {"remedy", "removed: the bucket has it"}});
    std::error_code ignored;
    return fs::remove(root_ / file.path, ignored);
  }
  wrong = fmt::format("{}: {}", file.path, text(state));
  return false;
}

// Whether the member's marker and files are as they have to be. The marker of one whose are not is withdrawn.
bool RunFolder::is_stored(const MemberId& task, bool full) {
  const auto marker = find_marker(marker_path(task));
  std::string wrong = marker ? "" : "no marker";
  if (marker && !belongs(*marker, task, hash_, identity_.of_model(task.model))) {
    wrong = "the marker belongs to another run";
  }
  for (size_t k = 0; wrong.empty() && k < marker->files.size(); ++k) is_whole(task, marker->files[k], full, wrong);
  if (wrong.empty()) return true;
  std::error_code none;
  if (fs::exists(marker_path(task), none)) {
    log_.warn("member_damaged", {{"marker", plan_.marker(task)}, {"why", wrong}});
    withdraw(task);
  }
  return false;
}

// The parts that are there and count. Those that do not are removed: their members are done anew, or are in others.
RunParts RunFolder::adopt_parts(bool full) {
  RunParts parts(root_, identity_, full);
  std::error_code ignored;
  for (const UnusableFile& file : parts.damaged()) {
    log_.warn("part_damaged", {{"part", file.path.string()}, {"why", file.why}});
    fs::remove(root_ / file.path, ignored);
  }
  for (const fs::path& path : parts.superseded()) fs::remove(root_ / path, ignored);
  return parts;
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

// A marker costs about 50 us to read, a member at least seconds to make: 50 markers for each member of its own, and as
// many again as are read in a tenth of a second, are nothing that a process would notice.
bool RunFolder::refresh_is_cheap(size_t members) const { return members <= 2000 + 50 * selected_; }

// Requires the run's lock.
void RunFolder::refresh() {
  mend_attempts();
  publish_views(root_, manifest());
}

int RunFolder::begin_attempt(Attempt attempt, const Selection& selection) {
  const RunLock lock(root_);
  const bool cheap = refresh_is_cheap(plan_.size());
  if (cheap) mend_attempts();
  const std::map<int, fs::path> earlier = attempt_records(root_);
  attempt_ = earlier.empty() ? 1 : earlier.rbegin()->first + 1;
  while ((attempt_ - 1) % selection.shards != selection.shard) ++attempt_;
  attempt.number = attempt_;
  publish_file(attempt_path(root_, attempt_), attempt_text(attempt));
  if (cheap || !has_manifest(root_)) refresh();
  return attempt_;
}

// Whether each member of the plan has a marker, or stands as failed.
bool RunFolder::nothing_left(const std::vector<bool>& marked) const {
  const auto missing = static_cast<size_t>(std::count(marked.begin(), marked.end(), false));
  constexpr size_t few = 1000;  // failures are rare: where more are missing, members are still to be done
  if (missing == 0) return true;
  if (missing > few) return false;
  const Failures failures = failures_of(read_attempts(root_), plan_);
  return std::ranges::count_if(failures, [&](const auto& failure) { return !marked[failure.first]; }) ==
         static_cast<std::ptrdiff_t>(missing);
}

void RunFolder::mend_records() {
  const RunLock lock(root_);
  const std::vector<bool> marked = complete_members(root_, identity_, plan_);
  const auto there = static_cast<size_t>(std::count(marked.begin(), marked.end(), true));
  bool known = false;
  try {
    const Manifest now = read_manifest(root_);
    known = now.complete + now.failed == static_cast<int64_t>(plan_.size());
  } catch (const Error&) {  // made anew
  }
  if (refresh_is_cheap(there) || !has_manifest(root_) || (!known && nothing_left(marked))) refresh();
}

void RunFolder::complete(const MemberId& task, std::vector<StoredFile> files, const MemberTime& time) {
  if (!leaves_files(identity_.spec)) return add_time(task, time);  // the part that it is in says that it is complete
  Marker marker;
  marker.forecast_hash = hash_;
  marker.run_identity = identity_.of_model(task.model);
  marker.id = task;
  marker.attempt = attempt_;
  marker.files = std::move(files);
  marker.timing = timing_json(time);
  marker.finished = iso_moment(moment_now());
  publish_marker(marker_path(task), marker);
}

void RunFolder::add_time(const MemberId& task, const MemberTime& time) {
  const std::lock_guard guard(mutex_);
  const auto found = std::ranges::find_if(member_times_, [&](const MemberTimes& all) {
    return all.length == task.length && all.model == task.model && all.time == task.time;
  });
  MemberTimes& all = found == member_times_.end() ? member_times_.emplace_back() : *found;
  all.length = task.length, all.model = task.model, all.time = task.time;
  ++all.members;
  all.sum.perturbation += time.perturbation, all.sum.steps += time.steps;
  all.sum.output_wait += time.output_wait, all.sum.total += time.total;
}

void RunFolder::renew_metrics() const {
  const std::vector<bool> marked = marked_members(root_, plan_);
  if (!refresh_is_cheap(static_cast<size_t>(std::count(marked.begin(), marked.end(), true)))) return;
  publish_file(root_ / "metrics.prom", metrics_text(manifest()));
}

void RunFolder::end_attempt(Attempt attempt) {
  {
    const std::lock_guard guard(mutex_);
    attempt.failures = failures_;
    attempt.member_times = member_times_;
  }
  const RunLock lock(root_);
  publish_file(attempt_path(root_, attempt_), attempt_text(attempt));
  const std::vector<bool> marked = complete_members(root_, identity_, plan_);
  const bool last = nothing_left(marked);
  if (last && !refresh_is_cheap(plan_.size())) remove_stale_temporaries(root_);  // of others that did not sweep either
  if (last || refresh_is_cheap(static_cast<size_t>(std::count(marked.begin(), marked.end(), true)))) refresh();
}

void RunFolder::record_failed(const MemberFailure& failure) {
  const std::lock_guard guard(mutex_);
  failures_.push_back(failure);
}

Manifest RunFolder::identity_manifest() const { return {identity_, hash_}; }

Manifest RunFolder::manifest() const {
  std::vector<MemberFailure> failures;
  {
    const std::lock_guard guard(mutex_);
    failures = failures_;
  }
  return merge(root_, identity_manifest(), attempt_, failures);
}

Manifest RunFolder::outline() const {
  Manifest manifest = identity_manifest();
  const std::vector<bool> marked = complete_members(root_, identity_, plan_);
  manifest.complete = std::count(marked.begin(), marked.end(), true);
  return manifest;
}

Manifest merged_manifest(const fs::path& root) { return merge(root, read_manifest(root)); }

}  // namespace hens
