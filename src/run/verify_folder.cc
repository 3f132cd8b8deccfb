#include "run/verify_folder.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "run/gather_tracks.h"
#include "run/layout.h"
#include "run/merge_statistics.h"
#include "run/run_folder.h"
#include "run/track_files.h"

namespace hens {
namespace {

// Why members failed, by number; none of those that another attempt completed is asked for.
std::map<size_t, std::string> failure_texts(const std::vector<Attempt>& attempts, const WorkPlan& plan) {
  std::map<size_t, std::string> texts;
  for (const Attempt& attempt : attempts) {
    for (const MemberFailure& failure : attempt.failures) {
      if (plan.contains(failure.id)) texts[plan.number(failure.id)] = failure_text(failure.where);
    }
  }
  return texts;
}

bool is_product(const JobSpec& spec, const fs::path& path) {
  for (const TracksSpec& tracks : spec.tracks) {
    for (int length = 0; length < static_cast<int>(spec.forecast.steps.size()); ++length) {
      const TrackProducts products = track_products(spec, tracks, length);
      const std::vector<fs::path> files = products.files();
      if (path == products.record || std::ranges::find(files, path) != files.end()) return true;
    }
  }
  return false;
}

ExpectedRun expected_run(const fs::path& root, const JobSpec& spec, const WorkPlan& plan,
                         const std::vector<RunStore>& stores, const std::map<size_t, std::string>& failures) {
  ExpectedRun expected;
  for (const RunStore& store : stores) expected.stores.push_back({store.folder, store.store.get()});
  expected.members = leaves_files(spec) ? plan.size() : 0;  // of which statistics alone are kept has no marker
  if (!spec.tracks.empty()) expected.folders.emplace_back(tracks_folder);
  expected.is_known = [&](const fs::path& path) {
    return is_track_file(plan, spec.tracks, path) || is_product(spec, path);
  };
  expected.marked = marked_members(root, plan);
  expected.find_marker = [&plan](std::string_view file) { return plan.find_marker(file); };
  expected.member = [&](size_t number) {
    const MemberId task = plan.task(number);
    const auto failed = failures.find(number);
    ExpectedMember member{plan.marker(task), {}, failed == failures.end() ? "" : failed->second};
    for (const RunStore& store : stores) {
      if (store.length != task.length || store.model != task.model) continue;
      for (const std::string& file : store.store->member_files(task.time, task.member)) {
        member.files.push_back(store.folder / file);
      }
    }
    for (const TracksSpec& tracks : spec.tracks) member.files.push_back(track_file(plan, tracks, task));
    return member;
  };
  return expected;
}

const char* state_word(FileState state) { return state == FileState::missing ? "missing" : "corrupt"; }

// run.json may be older than a record: one whose end it does not know may have ended since.
bool agrees(const Attempt& record, const Attempt& manifest) {
  if (attempt_text(record) == attempt_text(manifest)) return true;
  return manifest.finished.empty() && record.number == manifest.number && record.started == manifest.started;
}

void check_attempts(const fs::path& root, const Manifest& manifest, std::vector<Finding>& findings) {
  const auto check = [&](int number, const Attempt* known) {
    const fs::path path = fs::path("attempts") / fmt::format("{:04d}.json", number);
    try {
      const Attempt record = read_attempt(root / path);
      if (known == nullptr || agrees(record, *known)) return;
      findings.push_back({path, "corrupt", "differs from what run.json says of this attempt"});
    } catch (const Error& error) {
      const bool missing = error.code() == ExitCode::missing_input;
      findings.push_back({path, missing ? "missing" : "corrupt", error.what()});
    }
  };
  for (const int number : manifest.earlier_attempts) check(number, nullptr);
  for (const Attempt& attempt : manifest.attempts) check(attempt.number, &attempt);
}

}  // namespace

std::vector<Finding> verify_folder(const fs::path& root, bool full, const VerifiedFiles* elsewhere) {
  Manifest manifest;
  try {
    manifest = read_manifest(root);
  } catch (const Error& error) {
    std::error_code none;
    const bool run = fs::is_directory(root / "attempts", none) || fs::is_directory(root / "members", none);
    if (error.code() == ExitCode::missing_input && !run) throw;
    return {{"run.json", error.code() == ExitCode::missing_input ? "missing" : "corrupt", error.what()}};
  }
  const std::vector<RunStore> stores = open_stores(root, manifest.spec, {manifest.grid, manifest.model_names});
  const WorkPlan plan(manifest.spec);
  const std::map<size_t, std::string> failures = failure_texts(read_attempts(root), plan);
  ExpectedRun expected = expected_run(root, manifest.spec, plan, stores, failures);
  if (elsewhere != nullptr) expected.check = elsewhere->check, expected.for_each_path = elsewhere->for_each_path;
  std::vector<Finding> findings =
      verify_run(root, expected, full, elsewhere == nullptr ? VerifiedFiles{}.threads : elsewhere->threads);
  std::vector<bool> failed(plan.size(), false);
  for (const auto& [number, why] : failures) failed[number] = true;
  const std::vector<Finding> of_statistics = verify_statistics(root, manifest, failed, full);
  findings.insert(findings.end(), of_statistics.begin(), of_statistics.end());
  const std::vector<bool> marked = marked_members(root, plan);
  const bool all_complete = std::ranges::find(marked, false) == marked.end();
  const std::vector<Finding> of_tracks = verify_track_products(root, manifest, all_complete, full);
  findings.insert(findings.end(), of_tracks.begin(), of_tracks.end());
  check_attempts(root, manifest, findings);
  std::vector<StoredFile> reports = manifest.reports;
  if (!manifest.member_table.path.empty()) reports.push_back(manifest.member_table);
  for (const StoredFile& report : reports) {
    const FileState state = check_file(root, report, full);
    if (state != FileState::good) findings.push_back({report.path, state_word(state), text(state)});
  }
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) { return a.path < b.path; });
  return findings;
}

}  // namespace hens
