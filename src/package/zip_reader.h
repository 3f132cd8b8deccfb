// A zip archive in memory, as PyTorch writes checkpoints: stored entries only, zip64, data descriptors.
//
// The archive is untrusted. The central directory is the authority; each entry is checked against its local header and
// must lie, alone, inside the file before anything looks at it. Pure: entries are views into the bytes given.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace hens {

class ZipArchive {
 public:
  struct Entry {
    uint64_t offset = 0;  // of the data, from the begin of the file
    std::span<const std::byte> data;
    uint32_t crc32 = 0;  // as the directory claims; check() and check_all() compare
  };

  // `path` is for messages; `file` must outlive the archive. Throws Error{bad_input} naming the entry or offset where
  // the directory is damaged, entries overlap, leave the file, share a name, or are compressed or encrypted.
  ZipArchive(const fs::path& path, std::span<const std::byte> file);

  const std::unordered_map<std::string, Entry>& entries() const noexcept { return entries_; }
  const Entry* find(const std::string& name) const noexcept;

  // The data of `name`, with its CRC checked. Throws Error{bad_input} where it is missing or damaged.
  std::span<const std::byte> check(const std::string& name) const;

  // Calls `use` with the whole file's bytes, at most 1 MiB at a time, in order, and checks every CRC on the way: one
  // pass serves both. Throws Error{bad_input} naming the entry that is damaged.
  void check_all(const std::function<void(std::span<const std::byte>)>& use) const;

 private:
  struct Directory;
  struct Record;
  Directory find_directory() const;
  Record read_record(const Directory& directory, uint64_t at) const;
  Entry locate(const Record& record, const Directory& directory) const;
  std::vector<std::pair<const std::string*, const Entry*>> by_offset() const;
  void check_crc(const std::string& name, const Entry& entry, uint32_t crc32) const;
  void reject_overlaps() const;
  template <typename... Args>
  [[noreturn]] void wrong(fmt::format_string<Args...> format, Args&&... args) const;

  fs::path path_;
  std::span<const std::byte> file_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace hens
