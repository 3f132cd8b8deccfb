#include "scores/scratch_file.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "base/bytes_text.h"
#include "base/error.h"

namespace hens {
namespace {

// Named for a moment where the file system has no files without names (NFS, some FUSE).
int open_named(const fs::path& folder) {
  std::string name = (folder / ".hens_scratch.XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(name.c_str());
  return file;
}

}  // namespace

ScratchFile::ScratchFile(const fs::path& folder, uint64_t bytes) : folder_(folder), bytes_(bytes) {
  int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) file = open_named(folder);
  if (file < 0) failed("cannot create a file there", errno);
  file_ = FileDescriptor(file);
  if (const int error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes)); error != 0) failed("no space", error);
}

void ScratchFile::write(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) failed("cannot write", errno);
    bytes = bytes.subspan(static_cast<size_t>(done)), offset += static_cast<uint64_t>(done);
  }
}

void ScratchFile::read(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t done = ::pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) failed("cannot read back", errno);
    bytes = bytes.subspan(static_cast<size_t>(done)), offset += static_cast<uint64_t>(done);
  }
}

void ScratchFile::failed(const char* what, int error_number) const {
  fail(output_error_code(error_number),
       "{}: scratch space of {}: {}: {}; name another folder with --scratch, or allow more memory with --memory",
       folder_.string(), bytes_text(bytes_), what, errno_text(error_number));
}

}  // namespace hens
