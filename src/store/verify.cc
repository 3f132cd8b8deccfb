#include "store/verify.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "base/error.h"

namespace hens {
namespace {

using Task = std::function<std::vector<Finding>()>;

const char* state_name(FileState state) { return state == FileState::missing ? "missing" : "corrupt"; }

std::vector<Finding> check_prescribed(const fs::path& root, const fs::path& path, const std::string& bytes) {
  std::error_code none;
  if (!fs::is_regular_file(root / path, none)) {
    return {{path, "missing", "metadata or coordinate of the store; run the job again to mend it"}};
  }
  const uint64_t size = fs::file_size(root / path, none);
  if (size == bytes.size() && read_file(root / path, size) == bytes) return {};
  return {{path, "corrupt", "differs from what the store's layout prescribes; run the job again to mend it"}};
}

std::vector<Finding> check_store(const fs::path& root, const ExpectedStore& store) {
  std::vector<Finding> findings;
  for (const PrescribedFile& file : store.store->prescribed_files()) {
    const auto found = check_prescribed(root, store.folder / file.path, file.bytes);
    findings.insert(findings.end(), found.begin(), found.end());
  }
  return findings;
}

std::vector<Finding> check_files(const fs::path& root, const ExpectedMember& member, const Marker& marker, bool full) {
  std::vector<Finding> findings;
  std::set<fs::path> listed;
  for (const StoredFile& file : marker.files) {
    listed.insert(file.path);
    if (std::ranges::find(member.files, fs::path(file.path)) == member.files.end()) {
      findings.push_back({member.marker, "corrupt", fmt::format("lists {}, which is not its member's", file.path)});
      continue;
    }
    const FileState state = check_file(root, file, full);
    if (state == FileState::good) continue;
    findings.push_back({file.path, state_name(state),
                        fmt::format("{}; run the job again to recompute the member of {}", text(state),
                                    member.marker.filename().string())});
  }
  for (const fs::path& file : member.files) {
    if (!listed.contains(file)) {
      findings.push_back({member.marker, "corrupt", fmt::format("does not list {}", file.string())});
    }
  }
  return findings;
}

std::vector<Finding> check_member(const fs::path& root, const ExpectedMember& member, bool full) {
  try {
    return check_files(root, member, read_marker(root / member.marker), full);
  } catch (const Error& error) {
    if (error.code() == ExitCode::missing_input) {
      if (member.failure.empty()) return {{member.marker, "missing", "the member is not complete; run the job again"}};
      return {{member.marker, "missing",
               fmt::format("the member failed: {}; the same job fails again: look at model, analysis and amplitudes",
                           member.failure)}};
    }
    if (error.code() == ExitCode::bad_input) return {{member.marker, "corrupt", error.what()}};
    throw;
  }
}

// Folders in which every file has to be known, and the files known there.
struct Known {
  std::set<fs::path> folders, files;
};

Known known_files(const ExpectedRun& expected) {
  Known known;
  for (const ExpectedStore& store : expected.stores) {
    known.folders.insert(store.folder);
    for (const PrescribedFile& file : store.store->prescribed_files()) known.files.insert(store.folder / file.path);
  }
  for (const ExpectedMember& member : expected.members) {
    known.folders.insert(member.marker.parent_path());
    known.files.insert(member.marker);
    known.files.insert(member.files.begin(), member.files.end());
  }
  known.folders.erase(fs::path());
  return known;
}

bool lies_in(const std::set<fs::path>& folders, fs::path path) {
  while (path.has_parent_path()) {
    path = path.parent_path();
    if (folders.contains(path)) return true;
  }
  return false;
}

std::vector<Finding> find_extra(const fs::path& root, const ExpectedRun& expected) {
  const Known known = known_files(expected);
  std::vector<Finding> findings;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_directory(error) && !entry->is_symlink(error)) continue;
    const fs::path path = entry->path().lexically_relative(root);
    if (is_temporary_name(path.filename().string())) {
      findings.push_back({path, "extra",
                          "temporary file of a process that still runs, or was interrupted: then running the job again "
                          "removes it"});
    } else if (lies_in(known.folders, path) && !known.files.contains(path)) {
      findings.push_back({path, "extra", "belongs to nothing in this run; delete it"});
    }
  }
  if (error) fail(ExitCode::io, "{}: cannot list the folder: {}", root.string(), error.message());
  return findings;
}

// Runs the tasks on `threads` threads; the first error ends them.
std::vector<Finding> run_tasks(const std::vector<Task>& tasks, int threads) {
  std::vector<Finding> findings;
  std::exception_ptr error;
  std::mutex mutex;
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t k = next++; k < tasks.size(); k = next++) {
      try {
        const std::vector<Finding> found = tasks[k]();
        const std::lock_guard guard(mutex);
        findings.insert(findings.end(), found.begin(), found.end());
      } catch (...) {
        const std::lock_guard guard(mutex);
        if (!error) error = std::current_exception();
        next = tasks.size();
      }
    }
  };
  std::vector<std::jthread> helpers;
  for (int k = 1; k < threads; ++k) helpers.emplace_back(work);
  work();
  helpers.clear();
  if (error) std::rethrow_exception(error);
  return findings;
}

}  // namespace

std::vector<Finding> verify_run(const fs::path& root, const ExpectedRun& expected, bool full, int threads) {
  std::vector<Task> tasks{[&] { return find_extra(root, expected); }};
  for (const ExpectedStore& store : expected.stores) tasks.emplace_back([&] { return check_store(root, store); });
  for (const ExpectedMember& member : expected.members) {
    tasks.emplace_back([&] { return check_member(root, member, full); });
  }
  std::vector<Finding> findings = run_tasks(tasks, threads);
  std::ranges::sort(findings, [](const Finding& a, const Finding& b) {
    return std::tie(a.path, a.state, a.detail) < std::tie(b.path, b.state, b.detail);
  });
  return findings;
}

}  // namespace hens
