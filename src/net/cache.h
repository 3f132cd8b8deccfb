// The cache on disk: files and parts of files fetched before, each with a note (a small JSON file) that says from where
// and with which digest. Several processes may share a cache; nothing in it is believed before its digest is
// recomputed.
//
//   files/<scheme>/<host or bucket>/<path>   whole files under their own names: a folder upstream is a folder here
//   parts/<digest of URL and range>          byte ranges
//   notes/, locks/                           one file an entry, one a URL
//   partial/<digest of URL>/                 bodies on their way
//
// Thread-safe. Data is published before its note, each by rename: an entry with a note that fits is whole.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/files.h"
#include "net/byte_range.h"

namespace hens {

// What an entry is of; `url` is canonical (url.h).
struct CacheKey {
  std::string url;
  std::optional<ByteRange> range;  // none: the whole file
  std::string text() const;        // `url` or `url bytes=first-last`
};

struct CacheEntry {
  fs::path path;
  std::string version;  // upstream ETag or date, may be empty
  uint64_t bytes = 0;
  std::string sha256;
};

class Cache {
 public:
  // `watch` is called between pieces of long reads and may throw.
  Cache(fs::path folder, std::function<void()> watch) : folder_(std::move(folder)), watch_(std::move(watch)) {}

  // The entry, if it is there and its bytes have the digest noted. `damaged` is set where there is one that has not.
  std::optional<CacheEntry> find(const CacheKey& key, bool* damaged = nullptr) const;

  // Publish an entry: from memory, or from a file of the cache's partial/ folder which `move` gives its final name.
  CacheEntry put(const CacheKey& key, const std::string& version, std::span<const std::byte> bytes) const;
  CacheEntry put(const CacheKey& key, const std::string& version, const fs::path& written,
                 const std::function<void(const fs::path&)>& move) const;

  void remove(const CacheKey& key) const;

  // Held by whoever fetches any part of `url`; waits for others, after telling by `waiting`.
  FileLock lock(const std::string& url, const std::function<void()>& waiting = {}) const;
  fs::path data_path(const CacheKey& key) const;
  fs::path partial_path(const CacheKey& key) const;
  // Removes what earlier tries of any part of `url` have left in partial/. Requires its lock.
  void clear_partial(const std::string& url) const;

  // SHA-256 of a file, calling `watch` between pieces.
  std::string digest(const fs::path& path) const;
  const fs::path& folder() const { return folder_; }

 private:
  fs::path note_path(const CacheKey& key) const;
  CacheEntry note(const CacheKey& key, CacheEntry entry) const;

  fs::path folder_;
  std::function<void()> watch_;
};

}  // namespace hens
