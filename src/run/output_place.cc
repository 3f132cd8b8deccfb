#include "run/output_place.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "base/error.h"

namespace hens {
namespace {

// `path` itself, or the nearest above it that exists.
fs::path nearest_existing(const fs::path& path) {
  std::error_code ignored;
  fs::path at = fs::absolute(path, ignored).lexically_normal();
  while (!fs::exists(at, ignored) && at.has_parent_path() && at != at.parent_path()) at = at.parent_path();
  return at;
}

// The kernel writes blanks and backslashes of a path as \040 and the like.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool code = text[i] == '\\' && i + 3 < text.size() && text.find_first_not_of("01234567", i + 1) >= i + 4;
    plain += code ? static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8)) : text[i];
    if (code) i += 3;
  }
  return plain;
}

bool is_at_or_below(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

std::string mount_advice(const std::string& job_name, const fs::path& results) {
  return fmt::format("mount a folder with -v \"$PWD/results:{}\"; without --output the run is then in {}",
                     results.string(), (results / job_name).string());
}

}  // namespace

fs::path container_results() {
  const char* set = std::getenv("HENS_CONTAINER_RESULTS");
  return set == nullptr ? fs::path() : fs::path(set);
}

fs::path default_output(const std::string& job_name, const fs::path& results) {
  std::error_code ignored;
  if (!results.empty() && fs::is_directory(results, ignored)) return results / job_name;
  return fs::path("runs") / job_name;
}

bool ends_with_container(const fs::path& output, const fs::path& mounts) {
  std::error_code error;
  const fs::path place = fs::canonical(nearest_existing(output), error);
  std::ifstream lines(mounts);
  if (error || !lines) return false;
  fs::path deepest;
  std::string kind;  // of the file system there
  // 36 35 98:0 /in/the/volume /where/it/is/mounted rw,noatime master:1 - ext4 /dev/sda1 rw
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, point, type;
    for (int field = 1; field <= 5; ++field) words >> point;
    while (words >> word && word != "-") {
    }
    words >> type;
    const fs::path mounted = unescaped(point);
    // What is mounted later at the same place hides what was there.
    if (type.empty() || !is_at_or_below(place, mounted) || mounted.string().size() < deepest.string().size()) continue;
    deepest = mounted;
    kind = type;
  }
  return deepest == "/" || kind == "tmpfs" || kind == "ramfs";
}

std::string lost_results_warning(const fs::path& output, const std::string& job_name, const fs::path& results,
                                 const fs::path& mounts) {
  if (results.empty() || !ends_with_container(output, mounts)) return "";
  std::error_code ignored;
  return fmt::format("{}: this folder is the container's own, and gone with it (docker run --rm): {}",
                     fs::absolute(output, ignored).string(), mount_advice(job_name, results));
}

void check_may_write(const fs::path& output, const std::string& job_name, const fs::path& results) {
  const fs::path place = nearest_existing(output);
  std::error_code ignored;
  if (!fs::is_directory(place, ignored) || ::access(place.c_str(), W_OK | X_OK) == 0) return;
  const int error_number = errno;
  std::string advice = "--output names a folder that may be written to";
  if (!results.empty()) {
    advice += "; in a container " + mount_advice(job_name, results) + ", and --user \"$(id -u):0\" makes it yours";
  }
  fail(ExitCode::cannot_create, "{}: the run cannot be put there: {}: {} (user {}): {}", output.string(),
       place.string(), errno_text(error_number), ::geteuid(), advice);
}

}  // namespace hens
