#include "base/read_ahead.h"

#include <fcntl.h>

#include <sys/stat.h>

namespace hens {
namespace {

// False where the system does not take the advice.
bool read_ahead(int fd, uint64_t at, uint64_t bytes) {
#ifdef __APPLE__
  radvisory advice{static_cast<off_t>(at), static_cast<int>(bytes)};
  return ::fcntl(fd, F_RDADVISE, &advice) == 0;
#else
  return ::readahead(fd, static_cast<off64_t>(at), bytes) == 0;
#endif
}

}  // namespace

ReadAhead::ReadAhead(const fs::path& path) : file_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  struct stat status{};
  if (!file_ || ::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  size_ = static_cast<uint64_t>(status.st_size);
  constexpr int readers = 4;  // disks of the cloud want several requests at a time
  constexpr uint64_t block = uint64_t{4} << 20;
  const auto work = [this] {
    while (!stop_) {
      const uint64_t at = next_.fetch_add(block);
      if (at >= size_ || !read_ahead(file_.get(), at, block)) return;
    }
  };
  for (int i = 0; i < readers; ++i) threads_.emplace_back(work);
}

ReadAhead::~ReadAhead() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace hens
