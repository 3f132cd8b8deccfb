// What happens when a memory-mapped file shrinks, or its disk fails, while it is read: the kernel can only send SIGBUS,
// whose default is to die without a word. While a MapWatch lives, a fault in its bytes ends the process with a message
// that names the file, and exit code 65 (it shrank) or 74 (it cannot be read). Nothing is unwound, as after SIGKILL:
// what was published stays, and the next run removes temporary files. Sound with threads: a thread that faults looks at
// a fixed table of atomics alone.
#pragma once

#include <cstddef>
#include <span>

namespace hens {

class MapWatch {
 public:
  MapWatch() = default;
  // Installs the signal's handler at the first call. Where more files are mapped at a time than the table has places
  // (256), the message names none.
  MapWatch(std::span<const std::byte> bytes, const char* path);
  MapWatch(MapWatch&& other) noexcept;
  MapWatch& operator=(MapWatch&& other) noexcept;
  ~MapWatch();

 private:
  int place_ = -1;
};

}  // namespace hens
