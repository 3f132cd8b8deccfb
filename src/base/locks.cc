#include "base/locks.h"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/checksum.h"
#include "base/error.h"

namespace hens {

bool has_no_locks(int error_number) noexcept {
  return error_number == ENOLCK || error_number == ENOSYS || error_number == EOPNOTSUPP;
}

#ifdef __linux__
FileDescriptor try_machine_lock(const fs::path& path) {
  std::error_code ignored;
  const std::string name = "hens-lock-" + sha256_hex(fs::weakly_canonical(path, ignored).string());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;  // a zero in front of the name: the abstract namespace
  static_assert(sizeof address.sun_path > 1 + 10 + 64);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  FileDescriptor lock(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (lock && ::bind(lock.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) return lock;
  if (errno == EADDRINUSE) return {};
  fail(ExitCode::io, "{}: cannot lock: the file system has no locks, and this machine has no sockets: {}",
       path.string(), errno_text(errno));
}

#else  // other systems have no abstract namespace, and locks on every disk of their own
FileDescriptor try_machine_lock(const fs::path& path) {
  fail(ExitCode::io, "{}: cannot lock: the file system has no locks: choose a folder on another one", path.string());
}
#endif

InputLock::InputLock(const fs::path& path, const std::string& origin)
    : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (file_ && ::flock(file_.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    fail(ExitCode::bad_input, "{}: another program is writing it: try again when that has closed it", origin);
  }
}

void switch_hdf5_locks_off() { ::setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0); }

}  // namespace hens
