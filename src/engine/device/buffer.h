// Memory of a backend, and copies in the order of its stream. Not thread-safe.
#pragma once

#include <cstddef>

#include "engine/device/backend.h"

namespace hens::engine {

// Zeroed when made. Aligned to 256 bytes.
class Buffer {
 public:
  Buffer() = default;
  // Throws Error{gpu} where there is no room.
  Buffer(const Backend& backend, size_t bytes);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  template <typename T = void>
  T* as() const {
    return static_cast<T*>(data_);
  }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
  const Backend* backend_ = nullptr;
};

// Zeros in all of it, ordered with the backend's stream.
void clear(const Backend& backend, const Buffer& buffer);

// A copy within the backend's memory, ordered with its stream.
void copy(const Backend& backend, void* to, const void* from, size_t bytes);

// Copies that are ordered with the backend's stream, from and to ordinary host memory. `upload` returns when `from` may
// be reused, `download` when the values are there.
void upload(const Backend& backend, void* to, const void* from, size_t bytes);
void download(const Backend& backend, void* to, const void* from, size_t bytes);

}  // namespace hens::engine
