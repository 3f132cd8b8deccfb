#include "run/verify.h"

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

using Task = std::function<std::vector<Finding>(size_t)>;

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

using Check = std::function<FileState(const StoredFile&, bool full)>;

std::vector<Finding> check_files(const fs::path& root, const ExpectedMember& member, const Marker& marker, bool full,
                                 const Check& check) {
  std::vector<Finding> findings;
  std::set<fs::path> listed;
  for (const StoredFile& file : marker.files) {
    listed.insert(file.path);
    if (std::ranges::find(member.files, fs::path(file.path)) == member.files.end()) {
      findings.push_back({member.marker, "corrupt", fmt::format("lists {}, which is not its member's", file.path)});
      continue;
    }
    const FileState state = check ? check(file, full) : check_file(root, file, full);
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

std::vector<Finding> check_member(const fs::path& root, const ExpectedMember& member, bool full, const Check& check) {
  try {
    return check_files(root, member, read_marker(root / member.marker), full, check);
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

std::vector<Finding> check_unmarked(const fs::path& root, const ExpectedRun& expected, bool full) {
  std::vector<Finding> findings;
  size_t unmarked = 0, first = 0, last = 0;
  for (size_t number = 0; number < expected.members; ++number) {
    if (expected.marked[number]) continue;
    if (++unmarked > most_missing_members) {
      if (unmarked == most_missing_members + 1) first = number;
      last = number;
      continue;
    }
    const auto found = check_member(root, expected.member(number), full, expected.check);
    findings.insert(findings.end(), found.begin(), found.end());
  }
  if (unmarked > most_missing_members) {
    const fs::path marker = expected.member(first).marker;
    findings.push_back({marker.parent_path(), "missing",
                        fmt::format("{} more members are not complete, from {} to {}; run the job again",
                                    unmarked - most_missing_members, marker.filename().string(),
                                    expected.member(last).marker.filename().string())});
  }
  return findings;
}

// Folders in which every file has to be known, and the files known there by name. What members leave is known by the
// form of its name.
struct Known {
  std::set<fs::path> folders, files;
};

Known known_files(const ExpectedRun& expected) {
  Known known;
  for (const ExpectedStore& store : expected.stores) {
    known.folders.insert(store.folder);
    for (const PrescribedFile& file : store.store->prescribed_files()) known.files.insert(store.folder / file.path);
  }
  known.folders.insert(expected.folders.begin(), expected.folders.end());
  if (expected.members > 0) known.folders.insert(expected.member(0).marker.parent_path());
  known.folders.erase(fs::path());
  return known;
}

// Whether `path` is the name of a marker or of a member's file.
bool is_members(const ExpectedRun& expected, const fs::path& markers, const fs::path& path) {
  if (path.parent_path() == markers) return expected.find_marker(path.filename().string()).has_value();
  return std::ranges::any_of(expected.stores, [&](const ExpectedStore& store) {
    const std::string& folder = store.folder.native();
    const std::string& file = path.native();
    return file.size() > folder.size() && file.starts_with(folder) && file[folder.size()] == '/' &&
           store.store->is_member_file(std::string_view(file).substr(folder.size() + 1));
  });
}

bool lies_in(const std::set<fs::path>& folders, fs::path path) {
  while (path.has_parent_path()) {
    path = path.parent_path();
    if (folders.contains(path)) return true;
  }
  return false;
}

// Every file below `root`, by its path relative to it.
void for_each_path_in(const fs::path& root, const std::function<void(const fs::path&)>& use) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_directory(error) && !entry->is_symlink(error)) continue;
    use(entry->path().lexically_relative(root));
  }
  if (error) fail(ExitCode::io, "{}: cannot list the folder: {}", root.string(), error.message());
}

std::vector<Finding> find_extra(const fs::path& root, const ExpectedRun& expected) {
  const Known known = known_files(expected);
  const fs::path markers = expected.members > 0 ? expected.member(0).marker.parent_path() : fs::path();
  std::vector<Finding> findings;
  const auto look = [&](const fs::path& path) {
    if (is_temporary_name(path.filename().string())) {
      findings.push_back({path, "extra",
                          "temporary file of a process that still runs, or was interrupted: then running the job again "
                          "removes it"});
    } else if (lies_in(known.folders, path) && !known.files.contains(path) && !is_members(expected, markers, path) &&
               !expected.is_known(path)) {
      findings.push_back({path, "extra", "belongs to nothing in this run; delete it"});
    }
  };
  expected.for_each_path ? expected.for_each_path(look) : for_each_path_in(root, look);
  return findings;
}

// Runs task(0) to task(count - 1) on `threads` threads; the first error ends them.
std::vector<Finding> run_tasks(size_t count, const Task& task, int threads) {
  std::vector<Finding> findings;
  std::exception_ptr error;
  std::mutex mutex;
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t k = next++; k < count; k = next++) {
      try {
        const std::vector<Finding> found = task(k);
        if (found.empty()) continue;
        const std::lock_guard guard(mutex);
        findings.insert(findings.end(), found.begin(), found.end());
      } catch (...) {
        const std::lock_guard guard(mutex);
        if (!error) error = std::current_exception();
        next = count;
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
  const size_t stores = expected.stores.size();
  const Task task = [&](size_t k) -> std::vector<Finding> {
    if (k == 0) return find_extra(root, expected);
    if (k == 1) return check_unmarked(root, expected, full);
    if (k < 2 + stores) return check_store(root, expected.stores[k - 2]);
    const size_t number = k - 2 - stores;
    if (!expected.marked[number]) return {};
    return check_member(root, expected.member(number), full, expected.check);
  };
  std::vector<Finding> findings = run_tasks(2 + stores + expected.members, task, threads);
  std::ranges::sort(findings, [](const Finding& a, const Finding& b) {
    return std::tie(a.path, a.state, a.detail) < std::tie(b.path, b.state, b.detail);
  });
  return findings;
}

}  // namespace hens
