#include "net/cache.h"

#include <nlohmann/json.hpp>

#include "base/checksum.h"
#include "base/error.h"
#include "base/json.h"
#include "net/url.h"

namespace hens {
namespace {

// Paths must not differ between two programs that share a cache: a digest of the key, short enough to look at.
std::string name_of(const std::string& text) { return sha256_hex(text).substr(0, 40); }

std::optional<CacheEntry> parse_note(const fs::path& path, const std::string& key) {
  const auto note = try_parse_json(read_file(path, uint64_t{1} << 20)).value_or(nullptr);
  try {
    if (!note.is_object() || note.at("key") != key) return std::nullopt;
    return CacheEntry{{}, note.at("version"), note.at("bytes"), note.at("sha256")};
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string CacheKey::text() const { return range ? url + " bytes=" + range_text(*range) : url; }

fs::path Cache::note_path(const CacheKey& key) const { return folder_ / "notes" / (name_of(key.text()) + ".json"); }

fs::path Cache::partial_path(const CacheKey& key) const {
  return folder_ / "partial" / name_of(key.url) / name_of(key.text());
}

void Cache::clear_partial(const std::string& url) const {
  std::error_code ignored;
  fs::remove_all(folder_ / "partial" / name_of(url), ignored);
}

fs::path Cache::data_path(const CacheKey& key) const {
  return key.range ? folder_ / "parts" / name_of(key.text()) : folder_ / "files" / cache_path(key.url);
}

FileLock Cache::lock(const std::string& url, const std::function<void()>& waiting) const {
  return FileLock(folder_ / "locks" / name_of(url), waiting);
}

std::string Cache::digest(const fs::path& path) const {
  Sha256 sha256;
  for_each_piece(path, [&](std::span<const std::byte> piece) {
    watch_();
    sha256.update(piece);
  });
  return sha256.hex();
}

std::optional<CacheEntry> Cache::find(const CacheKey& key, bool* damaged) const {
  std::error_code missing;
  const fs::path note = note_path(key), data = data_path(key);
  if (!fs::exists(note, missing)) return std::nullopt;
  try {
    auto entry = parse_note(note, key.text());
    const uint64_t size = fs::file_size(data, missing);
    if (entry && !missing && size == entry->bytes && digest(data) == entry->sha256) {
      entry->path = data;
      return entry;
    }
  } catch (const Error& error) {
    // Another process may replace the entry under our eyes, and a disk may refuse to read it: fetched anew either way.
    if (error.code() != ExitCode::missing_input && error.code() != ExitCode::io) throw;
  }
  if (damaged != nullptr) *damaged = true;
  return std::nullopt;
}

CacheEntry Cache::note(const CacheKey& key, CacheEntry entry) const {
  nlohmann::ordered_json note{{"key", key.text()}, {"version", entry.version}, {"bytes", entry.bytes}};
  note["sha256"] = entry.sha256;
  publish_file(note_path(key), note.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  return entry;
}

CacheEntry Cache::put(const CacheKey& key, const std::string& version, std::span<const std::byte> bytes) const {
  PendingFile file(data_path(key));
  file.write(bytes);
  file.publish();
  return note(key, {file.path(), version, bytes.size(), sha256_hex(bytes)});
}

CacheEntry Cache::put(const CacheKey& key, const std::string& version, const fs::path& written,
                      const std::function<void(const fs::path&)>& move) const {
  CacheEntry entry{data_path(key), version, fs::file_size(written), digest(written)};
  move(entry.path);
  return note(key, entry);
}

void Cache::remove(const CacheKey& key) const {
  std::error_code ignored;
  fs::remove(note_path(key), ignored);
  fs::remove(data_path(key), ignored);
}

}  // namespace hens
