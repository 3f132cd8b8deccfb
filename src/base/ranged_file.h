// A file of which ranges are read, whose content may be hostile: it is opened without waiting for a FIFO's other end,
// and a file that shrinks meanwhile is an error, not the process's end. Thread-safe.
#pragma once

#include <vector>

#include "base/files.h"

namespace hens {

class RangedFile {
 public:
  // Throws Error{missing_input} where it is not there, {io} where it cannot be read.
  explicit RangedFile(fs::path path);

  uint64_t size() const noexcept { return size_; }
  const fs::path& path() const noexcept { return path_; }
  // Bytes [offset, offset + size), which has to lie within the file. Throws Error{io}, and Error{bad_input} where the
  // file became shorter than it was.
  std::vector<std::byte> read(uint64_t offset, size_t size) const;

 private:
  fs::path path_;
  FileDescriptor file_;
  uint64_t size_ = 0;
};

}  // namespace hens
