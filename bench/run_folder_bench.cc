// What folders of many members cost, without computing any: a folder in which `hens run` completed one member is filled
// with others (real markers; their files are links to the one member's), then what a shard, `hens status`, `hens
// verify` and `hens report` do there is timed, each in a process of its own.
//
//   hens run JOB.yaml --members 0 --output DIR
//   run_folder_bench DIR COUNT [SHARD]
//
// fills the first COUNT members of the plan, all but those of shard 0 of (planned / SHARD), which are then what a shard
// of SHARD members (default 20) finds to do.
#include <chrono>
#include <cstdio>
#include <functional>
#include <set>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include "base/error.h"
#include "report/report.h"
#include "run/run_folder.h"
#include "run/verify_folder.h"

namespace hens {
namespace {

// Wall time and peak memory of `work`, done in a child process.
void measure(const char* name, const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      work();
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}: {}\n", name, error.what());
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{:<34} {:9.3f} s {:8.0f} MiB{}\n", name, seconds, usage.ru_maxrss / 1024.0,
             status == 0 ? "" : "  FAILED");
}

Marker first_marker(const fs::path& root, const WorkPlan& plan) {
  const std::vector<bool> marked = marked_members(root, plan);
  for (size_t number = 0; number < marked.size(); ++number) {
    if (marked[number]) return read_marker(root / plan.marker(plan.task(number)));
  }
  fail(ExitCode::usage, "{}: has no complete member to make others of", root.string());
}

// One member more: links to the pattern's files, and a marker.
void add_member(const fs::path& root, const WorkPlan& plan, const std::vector<RunStore>& stores, const Marker& pattern,
                const MemberId& task) {
  Marker marker = pattern;
  marker.id = task;
  marker.files.clear();
  size_t k = 0;
  for (const RunStore& store : stores) {
    if (store.length != task.length || store.model != task.model) continue;
    for (const std::string& file : store.store->member_files(task.time, task.member)) {
      const StoredFile& source = pattern.files.at(k++);
      const fs::path path = store.folder / file;
      make_folders((root / path).parent_path());
      if (::link((root / source.path).c_str(), (root / path).c_str()) != 0 && errno != EEXIST) {
        fail(ExitCode::io, "{}: cannot link: {}", path.string(), errno_text(errno));
      }
      marker.files.push_back({path.string(), source.bytes, source.sha256});
    }
  }
  publish_marker(root / plan.marker(task), marker);
}

void bench(const fs::path& root, size_t count, size_t shard) {
  const Manifest manifest = read_manifest(root);
  const WorkPlan plan(manifest.spec);
  const Selection selection{{}, 0, static_cast<int>(std::max<size_t>(1, plan.size() / shard))};
  const std::vector<MemberId> own = select_members(manifest.spec, selection);
  const std::set<MemberId> left(own.begin(), own.end());
  const Marker pattern = first_marker(root, plan);
  measure("fill", [&] {
    const auto stores = open_stores(root, manifest.spec, {manifest.grid, manifest.model_names});
    const std::vector<bool> marked = marked_members(root, plan);
    for (size_t number = 0; number < std::min(count, plan.size()); ++number) {
      const MemberId task = plan.task(number);
      if (!marked[number] && !left.contains(task)) add_member(root, plan, stores, pattern, task);
    }
  });
  fmt::print("{} members planned, {} filled, a shard of {}\n", plan.size(), count, own.size());
  measure("select", [&] { select_members(manifest.spec, selection); });
  measure("a shard: all but its own members", [&] {
    const RunIdentity identity{manifest.spec, manifest.model_names, manifest.model_digests, manifest.device_kind,
                               manifest.grid};
    RunFolder folder(root, identity, Log::none());
    folder.pending(own, true);
    Attempt attempt;
    attempt.started = attempt.finished = iso_moment(moment_now());
    attempt.exit_code = 0;
    folder.begin_attempt(attempt, selection);
    folder.end_attempt(attempt);
    folder.outline();
  });
  measure("status", [&] { merged_manifest(root); });
  measure("report: texts and run.json", [&] {
    const RunLock lock(root);
    Manifest now = merged_manifest(root);
    const std::vector<StoredFile> texts = write_texts(root, now, {});
    publish_views(root, std::move(now), texts);
  });
  measure("verify, sizes", [&] { verify_folder(root, false); });
  fmt::print("run.json {} bytes, members.csv {} bytes\n", fs::file_size(root / "run.json"),
             fs::file_size(root / "members.csv"));
}

}  // namespace
}  // namespace hens

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "Usage: run_folder_bench DIR COUNT [SHARD]\n");
    return static_cast<int>(hens::ExitCode::usage);
  }
  try {
    hens::bench(argv[1], std::stoul(argv[2]), argc > 3 ? std::stoul(argv[3]) : 20);
    return 0;
  } catch (const hens::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.code());
  }
}
