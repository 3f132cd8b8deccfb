// Files as durable facts: a file either is there whole, under its final name, or it is not there.
//
// A PendingFile is written under a temporary name in the folder of its final name; publish() makes it durable (fsync),
// gives it its name (rename) and makes the name durable (fsync of the folder). Whoever dies before leaves at most a
// temporary file, whose lock tells the next run that nobody writes it any more. All errors are Error{cannot_create} or
// Error{io} and name the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/map_watch.h"

namespace hens {

namespace fs = std::filesystem;

// RAII for a POSIX file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept;

 private:
  int fd_ = -1;
};

// A file on its way. Not thread-safe. Destroyed without publish(), it removes what it wrote.
class PendingFile {
 public:
  // Creates missing parent folders (durably) and opens `<folder>/.<name>.<unique>.tmp`, holding a lock on it.
  explicit PendingFile(fs::path final_path);
  PendingFile(PendingFile&&) noexcept = default;
  PendingFile& operator=(PendingFile&&) noexcept = delete;
  ~PendingFile();

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // fsync, rename onto the final name (replacing what was there), fsync of the folder.
  void publish();

  uint64_t size() const noexcept { return size_; }
  const fs::path& path() const noexcept { return final_path_; }  // final name
  const fs::path& temporary_path() const noexcept { return temporary_path_; }

 private:
  void rename_into_place();
  friend void publish_together(std::span<PendingFile> files);

  fs::path final_path_, temporary_path_;
  FileDescriptor file_;
  uint64_t size_ = 0;
};

// Publishes several files of one folder: as publish() of each, with one fsync of the folder for all.
void publish_together(std::span<PendingFile> files);

// Gives a file written elsewhere on the same file system its final name, durably, as PendingFile::publish does.
void publish_written(const fs::path& written, const fs::path& final_path);

// Publishes `bytes` as `path`. Leaves the file untouched where it already holds exactly these bytes.
void publish_file(const fs::path& path, std::string_view bytes);

// Tries in `folder`, which has to be there, what publishing needs: to write, fsync, rename onto another file and read
// back. Leaves nothing. Throws Error{cannot_create} or {io} with what to do, so that it is known before hours of work.
void check_publishing(const fs::path& folder);

// Makes `folder` and its parents, each durable in its parent. Does nothing where it exists.
void make_folders(const fs::path& folder);

// Calls `use` with the name of each entry of `folder`, in no order, and whether it is a folder itself (a link to one is
// not). Does nothing where there is no such folder. Folders of millions of entries take no memory.
void for_each_entry(const fs::path& folder, const std::function<void(std::string_view name, bool is_folder)>& use);

// Removes temporary files of PendingFile in `folder` (recursively) that no living process writes. Returns how many.
int remove_stale_temporaries(const fs::path& folder);

// True for names that PendingFile gives to its temporary files.
bool is_temporary_name(std::string_view filename);

// Content of a file. Throws Error{missing_input} where it is not there, {io} where it cannot be read, and {bad_input}
// where it is larger than `limit` bytes, or no regular file (a FIFO is not waited for).
std::string read_file(const fs::path& path, uint64_t limit = uint64_t{1} << 30);

// For libraries that open a path themselves: throws as read_file does where it cannot be opened or is no regular file.
void check_regular_file(const fs::path& path);

// Calls `use` with the file's bytes, at most 4 MiB at a time, in order. Errors as read_file.
void for_each_piece(const fs::path& path, const std::function<void(std::span<const std::byte>)>& use);

// A read-only memory map of a whole file; empty files map to an empty span. Immovable views stay valid while it lives.
// A file that shrinks meanwhile ends the process, see base/map_watch.h.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  MapWatch watch_;
};

// An exclusive advisory lock on a file (made where missing), held while the object lives. Waits until it is free, also
// for other objects of this process; a stop request ends the wait with Error{interrupted}. On a file system without
// locks only processes of the same machine are excluded (locks.h).
class FileLock {
 public:
  // `waiting` is called once where another holds it.
  explicit FileLock(const fs::path& path, const std::function<void()>& waiting = {});

 private:
  FileDescriptor file_;
};

}  // namespace hens
