#include "net/cache_trust.h"

#include <array>
#include <cstdlib>
#include <pwd.h>
#include <sstream>
#include <string>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"

namespace hens {
namespace {

namespace fs = std::filesystem;

constexpr std::array folders{"files", "parts", "notes", "locks", "partial", "digests", "synthetic", "weights"};

std::string user_name(uid_t user) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return std::to_string(user);
}

bool is_trusted(uid_t owner) {
  if (owner == ::geteuid() || owner == 0 || ::geteuid() == 0) return true;
  const char* list = std::getenv("HENS_CACHE_TRUST");
  std::istringstream names(list == nullptr ? "" : list);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == std::to_string(owner) || name == user_name(owner)) return true;
  }
  return false;
}

void check_owner(const fs::path& folder, const struct stat& status) {
  if (is_trusted(status.st_uid)) return;
  fail(ExitCode::cannot_create,
       "{}: belongs to the user {}, who could put weights and data of their own into this cache: give another folder "
       "(--cache, HENS_CACHE), or say that they are trusted: HENS_CACHE_TRUST={}",
       folder.string(), user_name(status.st_uid), user_name(status.st_uid));
}

void check_inner(const fs::path& folder) {
  struct stat status{};
  if (::lstat(folder.c_str(), &status) != 0) return;
  if (S_ISLNK(status.st_mode)) {
    if (is_trusted(status.st_uid) && ::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      return check_owner(folder, status);  // moved to another disk by somebody who may
    }
    fail(ExitCode::cannot_create, "{}: is a link of the user {}, a folder of the cache was expected: remove it",
         folder.string(), user_name(status.st_uid));
  }
  if (!S_ISDIR(status.st_mode)) {
    fail(ExitCode::cannot_create, "{}: is no folder, though the cache keeps files there: remove it", folder.string());
  }
  check_owner(folder, status);
  if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0 && ::geteuid() != 0) {
    fail(ExitCode::cannot_create,
         "{}: everybody may write there, so what it holds cannot be believed: chmod o-w it, or give another folder "
         "(--cache, HENS_CACHE)",
         folder.string());
  }
}

}  // namespace

void check_cache_trust(const fs::path& cache) {
  struct stat status{};
  if (::stat(cache.c_str(), &status) != 0) return;
  if (!S_ISDIR(status.st_mode)) {
    fail(ExitCode::cannot_create, "{}: is no folder; the cache (--cache, HENS_CACHE) has to be one", cache.string());
  }
  check_owner(cache, status);
  for (const char* name : folders) check_inner(cache / name);
}

}  // namespace hens
