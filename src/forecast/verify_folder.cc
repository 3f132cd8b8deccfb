#include "forecast/verify_folder.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "forecast/layout.h"
#include "forecast/run_folder.h"

namespace hens {
namespace {

ExpectedRun expected_run(const Manifest& manifest, const std::vector<RunStore>& stores) {
  ExpectedRun expected;
  for (const RunStore& store : stores) expected.stores.push_back({store.folder, store.store.get()});
  std::map<MemberTask, std::string> failures;
  for (const MemberEntry& entry : manifest.members) {
    const MemberTime& at = entry.time;
    if (entry.failure) failures[{at.length, at.model, at.time, at.member}] = failure_text(*entry.failure);
  }
  for (const MemberTask& task : plan_members(manifest.spec)) {
    ExpectedMember member{marker_name(manifest.spec, task), {}, failures[task]};
    for (const RunStore& store : stores) {
      if (store.length != task.length || store.model != task.model) continue;
      for (const std::string& file : store.store->member_files(task.time, task.member)) {
        member.files.push_back(store.folder / file);
      }
    }
    expected.members.push_back(std::move(member));
  }
  return expected;
}

const char* state_word(FileState state) { return state == FileState::missing ? "missing" : "corrupt"; }

void check_attempts(const fs::path& root, const Manifest& manifest, std::vector<Finding>& findings) {
  for (const Attempt& attempt : manifest.attempts) {
    const fs::path path = fs::path("attempts") / fmt::format("{:04d}.json", attempt.number);
    try {
      if (attempt_text(read_attempt(root / path)) == attempt_text(attempt)) continue;
      findings.push_back({path, "corrupt", "differs from what run.json says of this attempt"});
    } catch (const Error& error) {
      const bool missing = error.code() == ExitCode::missing_input;
      findings.push_back({path, missing ? "missing" : "corrupt", error.what()});
    }
  }
}

}  // namespace

std::vector<Finding> verify_folder(const fs::path& root, bool full) {
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
  std::vector<Finding> findings = verify_run(root, expected_run(manifest, stores), full);
  check_attempts(root, manifest, findings);
  for (const StoredFile& report : manifest.reports) {
    const FileState state = check_file(root, report, full);
    if (state != FileState::good) findings.push_back({report.path, state_word(state), text(state)});
  }
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) { return a.path < b.path; });
  return findings;
}

}  // namespace hens
