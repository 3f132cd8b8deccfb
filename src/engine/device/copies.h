// Long copies beside the work of a backend's stream, through page-locked ("pinned") host memory.
#pragma once

#include <cstddef>

#include "engine/device/buffer.h"

namespace hens::engine {

// Pinned host memory to be filled and sent, by one thread each; several threads may have one of the same backend.
class PinnedUpload {
 public:
  PinnedUpload(const Backend& backend, size_t bytes);
  ~PinnedUpload();
  PinnedUpload(const PinnedUpload&) = delete;
  void* data() const { return data_; }
  // Copies the first `bytes` to the backend's memory; returns when they are there.
  void send(void* to, size_t bytes);

 private:
  const Backend& backend_;
  void* data_ = nullptr;
  void* stream_ = nullptr;
};

// Brings what the stream makes to the host while later work of the stream goes on. Not thread-safe.
class AsyncDownload {
 public:
  AsyncDownload(const Backend& backend, size_t bytes);
  ~AsyncDownload();
  AsyncDownload(const AsyncDownload&) = delete;
  void* device() const { return device_.as<void>(); }  // to be written by work of the stream, before start()
  size_t bytes() const { return device_.bytes(); }
  void start();
  // The values, when they are there. Valid until the next start().
  void* wait();

 private:
  void make();
  void release();

  const Backend& backend_;
  Buffer device_;
  void *host_ = nullptr, *stream_ = nullptr, *written_ = nullptr, *arrived_ = nullptr;
};

}  // namespace hens::engine
