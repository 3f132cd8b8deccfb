// Locks between processes, and what becomes of them on file systems that have none (NFS without its lock service,
// Lustre without flock, bucket mounts). Thread-safe.
#pragma once

#include <string>

#include "base/files.h"

namespace hens {

// Whether a failed flock(2) says that the file system has no locks, rather than that somebody holds this one.
bool has_no_locks(int error_number) noexcept;

// Takes the lock of this machine that is named after `path`: for file systems without locks, where processes of other
// machines are not kept away. Empty where another process of this machine holds it. It is a socket in Linux' abstract
// namespace: it leaves no file, and ends with its process.
FileDescriptor try_machine_lock(const fs::path& path);

// Says that a file of foreign making is being read, as HDF5 does, whose own locks are switched off because they fail
// where there are none. Throws Error{bad_input} naming `origin` where another program is writing the file (HDF5 and
// netCDF say so by an exclusive lock).
class InputLock {
 public:
  InputLock(const fs::path& path, const std::string& origin);

 private:
  FileDescriptor file_;
};

// Switches HDF5's own locks off for this process, unless HDF5_USE_FILE_LOCKING says otherwise. To be called before any
// thread starts, since it sets an environment variable; HDF5 reads it when it is first used.
void switch_hdf5_locks_off();

}  // namespace hens
