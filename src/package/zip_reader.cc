#include "package/zip_reader.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "package/byte_reader.h"
#include "package/zip_format.h"

namespace hens {

using Bytes = std::span<const std::byte>;

struct ZipArchive::Directory {
  uint64_t entries, size, offset;
};

struct ZipArchive::Record {
  std::string name;
  uint64_t compressed, size, local;  // local: where the entry's own header begins
  uint32_t crc32;
  uint64_t record_size;  // of this record in the directory
};

template <typename... Args>
void ZipArchive::wrong(fmt::format_string<Args...> format, Args&&... args) const {
  fail(ExitCode::bad_input, "{}: damaged zip archive: {}; fetch the file again", path_.string(),
       printable(fmt::format(format, std::forward<Args>(args)...)));
}

namespace {

std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Where the end-of-directory record begins: the last one whose comment reaches exactly to the end of the file.
std::optional<uint64_t> find_end_record(Bytes file) {
  if (file.size() < zip::end_size) return std::nullopt;
  const uint64_t last = file.size() - zip::end_size;
  const uint64_t first = last > 0xffff ? last - 0xffff : 0;
  for (uint64_t at = last + 1; at-- > first;) {
    if (load<uint32_t>(file, at) == zip::end_signature &&
        at + zip::end_size + load<uint16_t>(file, at + 20) == file.size()) {
      return at;
    }
  }
  return std::nullopt;
}

// Replaces those values that the record leaves to its zip64 extra field. False where that field is damaged.
bool apply_zip64(Bytes extra, std::initializer_list<uint64_t*> values) {
  while (extra.size() >= 4) {
    const uint16_t id = load<uint16_t>(extra, 0), size = load<uint16_t>(extra, 2);
    const auto body = slice(extra, 4, size);
    if (!body) return false;
    if (id == zip::extra_zip64) {
      uint64_t at = 0;
      for (uint64_t* value : values) {
        if (*value != zip::in_zip64_32) continue;
        if (!slice(*body, at, 8)) return false;
        *value = load<uint64_t>(*body, at);
        at += 8;
      }
      return true;
    }
    extra = extra.subspan(4 + size);
  }
  return true;
}

}  // namespace

ZipArchive::ZipArchive(const fs::path& path, Bytes file) : path_(path), file_(file) {
  const Directory directory = find_directory();
  entries_.reserve(directory.entries);
  uint64_t at = 0;
  for (uint64_t k = 0; k < directory.entries; ++k) {
    const Record record = read_record(directory, at);
    const bool added = entries_.try_emplace(record.name, locate(record, directory)).second;
    if (!added) wrong("{} is there twice", record.name);
    at += record.record_size;
  }
  reject_overlaps();
}

ZipArchive::Directory ZipArchive::find_directory() const {
  const auto end = find_end_record(file_);
  if (!end) wrong("no end-of-directory record; the file is incomplete");
  Directory directory{load<uint16_t>(file_, *end + 10), load<uint32_t>(file_, *end + 12),
                      load<uint32_t>(file_, *end + 16)};
  uint64_t limit = *end;
  const bool zip64 =
      *end >= zip::locator64_size && load<uint32_t>(file_, *end - zip::locator64_size) == zip::locator64_signature;
  if (zip64) {
    limit = load<uint64_t>(file_, *end - zip::locator64_size + 8);
    const auto record = slice(file_.first(*end - zip::locator64_size), limit, zip::end64_size);
    if (!record || load<uint32_t>(*record, 0) != zip::end64_signature) wrong("no zip64 record at byte {}", limit);
    directory = {load<uint64_t>(*record, 32), load<uint64_t>(*record, 40), load<uint64_t>(*record, 48)};
  }
  if (!slice(file_.first(limit), directory.offset, directory.size)) {
    wrong("directory of {} bytes at byte {} lies outside the file", directory.size, directory.offset);
  }
  if (directory.entries > directory.size / zip::central_size) {
    wrong("{} entries cannot fit a directory of {} bytes", directory.entries, directory.size);
  }
  return directory;
}

ZipArchive::Record ZipArchive::read_record(const Directory& directory, uint64_t at) const {
  const Bytes records = file_.subspan(directory.offset, directory.size);
  const auto fixed = slice(records, at, zip::central_size);
  if (!fixed || load<uint32_t>(*fixed, 0) != zip::central_signature) {
    wrong("no directory entry at byte {}", directory.offset + at);
  }
  const uint64_t name_size = load<uint16_t>(*fixed, 28), extra_size = load<uint16_t>(*fixed, 30);
  const auto variable = slice(records, at + zip::central_size, name_size + extra_size + load<uint16_t>(*fixed, 32));
  if (!variable) wrong("directory entry at byte {} leaves the directory", directory.offset + at);

  Record record{std::string(as_text(variable->first(name_size))),
                load<uint32_t>(*fixed, 20),
                load<uint32_t>(*fixed, 24),
                load<uint32_t>(*fixed, 42),
                load<uint32_t>(*fixed, 16),
                zip::central_size + variable->size()};
  if (!apply_zip64(variable->subspan(name_size, extra_size), {&record.size, &record.compressed, &record.local})) {
    wrong("the zip64 field of {} is too short", record.name);
  }
  if (load<uint16_t>(*fixed, 8) & zip::flag_encrypted) wrong("{} is encrypted", record.name);
  const uint16_t method = load<uint16_t>(*fixed, 10);
  if (method != 0) wrong("{} is compressed (method {}), PyTorch only stores", record.name, method);
  if (record.compressed != record.size) {
    wrong("{} is stored, yet has two sizes, {} and {}", record.name, record.compressed, record.size);
  }
  return record;
}

ZipArchive::Entry ZipArchive::locate(const Record& record, const Directory& directory) const {
  const Bytes before = file_.first(directory.offset);
  const auto local = slice(before, record.local, zip::local_size);
  if (!local || load<uint32_t>(*local, 0) != zip::local_signature) {
    wrong("no header of {} at byte {}", record.name, record.local);
  }
  const uint64_t name_at = record.local + zip::local_size, name_size = load<uint16_t>(*local, 26);
  const auto name = slice(before, name_at, name_size);
  if (!name || as_text(*name) != record.name) {
    wrong("the header of {} at byte {} has another name", record.name, record.local);
  }
  const uint64_t data_at = name_at + name_size + load<uint16_t>(*local, 28);
  const auto data = slice(before, data_at, record.size);
  if (!data) wrong("{} claims {} bytes at byte {}, more than there are", record.name, record.size, data_at);
  return {data_at, *data, record.crc32};
}

std::vector<std::pair<const std::string*, const ZipArchive::Entry*>> ZipArchive::by_offset() const {
  std::vector<std::pair<const std::string*, const Entry*>> sorted;
  for (const auto& [name, entry] : entries_) sorted.emplace_back(&name, &entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.second->offset < b.second->offset; });
  return sorted;
}

void ZipArchive::reject_overlaps() const {
  const auto sorted = by_offset();
  for (size_t k = 1; k < sorted.size(); ++k) {
    const auto& [name, entry] = sorted[k];
    const auto& [previous_name, previous] = sorted[k - 1];
    // At least this entry's header and name stand between the data of both.
    if (previous->offset + previous->data.size() + zip::local_size + name->size() > entry->offset) {
      wrong("{} and {} overlap at byte {}", *previous_name, *name, entry->offset);
    }
  }
}

const ZipArchive::Entry* ZipArchive::find(const std::string& name) const noexcept {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

std::span<const std::byte> ZipArchive::check(const std::string& name) const {
  const Entry* entry = find(name);
  if (entry == nullptr) wrong("no entry {}", name);
  check_crc(name, *entry, zip::crc32(entry->data));
  return entry->data;
}

void ZipArchive::check_crc(const std::string& name, const Entry& entry, uint32_t crc32) const {
  if (crc32 != entry.crc32) wrong("{} at byte {} does not have its CRC", name, entry.offset);
}

void ZipArchive::check_all(const std::function<void(Bytes)>& use) const {
  constexpr uint64_t piece_bytes = uint64_t{1} << 20;  // stays in the core's cache from one use to the next
  uint64_t at = 0;
  const auto pass = [&](uint64_t end) {  // the CRC of what is passed
    uint32_t crc32 = 0;
    while (at < end) {
      const Bytes piece = file_.subspan(at, std::min(piece_bytes, end - at));
      use(piece);
      crc32 = zip::crc32(piece, crc32);
      at += piece.size();
    }
    return crc32;
  };
  for (const auto& [name, entry] : by_offset()) {
    pass(entry->offset);
    check_crc(*name, *entry, pass(entry->offset + entry->data.size()));
  }
  pass(file_.size());
}

}  // namespace hens
