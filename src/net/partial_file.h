// What is here already of a body on its way: a data file and a note beside it that says which version of the upstream
// file it is and how many of its bytes are safe on disk. Whoever comes after an interruption, another process too,
// continues there. Not thread-safe; callers hold the lock of the URL, so that nobody else writes the same body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/files.h"

namespace hens {

class PartialFile {
 public:
  // Opens or creates `path` and its note `path`.json. Keeps the bytes of an earlier try where the note is about the
  // same `what` (a URL and range), names a version that a server can be asked for, and those bytes are there.
  PartialFile(fs::path path, std::string what);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  // Leaves what is worth continuing, removes the rest.
  ~PartialFile();

  uint64_t size() const noexcept { return size_; }
  const std::string& version() const noexcept { return version_; }
  // True if the bytes here can be continued: the version is a strong ETag or a date.
  bool resumable() const noexcept;

  // Forgets all bytes; those that follow are of `version` (an ETag or a date; may be empty).
  void restart(const std::string& version);
  void append(std::span<const std::byte> bytes);

  // The file's content so far. Valid until the next call of a member that is not const.
  const fs::path& path() const noexcept { return path_; }
  // Gives the whole file its final name, durably; this object holds nothing afterwards.
  void publish_as(const fs::path& final_path);
  // Removes data and note.
  void discard() noexcept;

 private:
  void take_up_earlier_try();
  void note_progress();
  fs::path note_path() const;

  fs::path path_;
  std::string what_, version_;
  FileDescriptor file_;
  uint64_t size_ = 0, noted_ = 0;
};

}  // namespace hens
