// A file without a name: space on a disk that is gone when the object is, whatever happens. Ranges may be written and
// read by several threads at the same time.
#pragma once

#include "base/files.h"

namespace hens {

class ScratchFile {
 public:
  // Reserves `bytes` in `folder`, so that a full disk is known before the work. Throws Error{cannot_create} or {io}
  // with the size wanted.
  ScratchFile(const fs::path& folder, uint64_t bytes);

  void write(uint64_t offset, std::span<const std::byte> bytes);
  void read(uint64_t offset, std::span<std::byte> bytes) const;

 private:
  [[noreturn]] void failed(const char* what, int error_number) const;

  fs::path folder_;
  uint64_t bytes_ = 0;
  FileDescriptor file_;
};

}  // namespace hens
