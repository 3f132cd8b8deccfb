#include "base/ranged_file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"

namespace hens {

RangedFile::RangedFile(fs::path path)
    : path_(std::move(path)), file_(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  struct stat status{};
  if (!file_ || ::fstat(file_.get(), &status) != 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    fail(missing ? ExitCode::missing_input : ExitCode::io, "{}: cannot read: {}", path_.string(), errno_text(errno));
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

std::vector<std::byte> RangedFile::read(uint64_t offset, size_t size) const {
  std::vector<std::byte> bytes(size);
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::pread(file_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ExitCode::io, "{}: cannot read: {}", path_.string(), errno_text(errno));
    if (n == 0) fail(ExitCode::bad_input, "{}: is damaged: it was cut short while it was read", path_.string());
    done += static_cast<size_t>(n);
  }
  return bytes;
}

}  // namespace hens
