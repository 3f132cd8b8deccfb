// Brings a whole file into the page cache in the background, for someone who reads a map of it from front to back: a
// map's own page faults ask the disk for too little at a time. Stops when it goes away. Errors are left to the reader.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/files.h"

namespace hens {

class ReadAhead {
 public:
  explicit ReadAhead(const fs::path& path);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;

 private:
  FileDescriptor file_;
  uint64_t size_ = 0;
  std::atomic<uint64_t> next_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace hens
