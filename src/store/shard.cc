#include "store/shard.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/error.h"
#include "base/ranged_file.h"
#include "store/blosc.h"

namespace hens {
namespace {

// Checksum, digest and write go over a chunk in pieces that stay in a core's cache.
constexpr size_t piece_bytes = size_t{256} << 10;
constexpr size_t entry_bytes = 2 * sizeof(uint64_t);
constexpr size_t crc_bytes = sizeof(uint32_t);

struct Entry {
  uint64_t offset, size;
};

[[noreturn]] void damaged(const fs::path& path, const std::string& what) {
  fail(ExitCode::bad_input, "{}: is damaged: {}; run the job again to recompute this member", path.string(), what);
}

// Takes the checksum off the end of `bytes`; false where it does not match.
bool take_crc(std::vector<std::byte>& bytes) {
  uint32_t expected = 0;
  std::memcpy(&expected, bytes.data() + bytes.size() - crc_bytes, crc_bytes);
  bytes.resize(bytes.size() - crc_bytes);
  return crc32c(bytes) == expected;
}

Entry find_chunk(const RangedFile& file, const fs::path& path, size_t leads, size_t lead) {
  const size_t index_bytes = leads * entry_bytes + crc_bytes;
  if (file.size() < index_bytes) {
    damaged(path, fmt::format("{} bytes cannot hold the index of {} fields", file.size(), leads));
  }
  const uint64_t index_at = file.size() - index_bytes;
  std::vector<std::byte> index = file.read(index_at, index_bytes);
  if (!take_crc(index)) damaged(path, "the checksum of its index does not match");
  Entry entry{};
  std::memcpy(&entry, index.data() + lead * entry_bytes, entry_bytes);
  if (entry.offset > index_at || entry.size > index_at - entry.offset || entry.size < crc_bytes) {
    damaged(path, fmt::format("field {} does not lie within the file", lead));
  }
  return entry;
}

}  // namespace

ShardWriter::ShardWriter(const fs::path& path, Compression compression) : file_(path), compression_(compression) {}

void ShardWriter::put(std::span<const std::byte> bytes) {
  digest_.update(bytes);
  file_.write(bytes);
}

void ShardWriter::put_checked(std::span<const std::byte> bytes) {
  uint32_t crc = 0;
  for (size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const auto piece = bytes.subspan(at, std::min(piece_bytes, bytes.size() - at));
    crc = crc32c(piece, crc);
    put(piece);
  }
  put(std::as_bytes(std::span(&crc, 1)));
}

void ShardWriter::append_numbers(std::span<const std::byte> numbers) {
  const uint64_t offset = file_.size();
  if (compression_ == Compression::none) {
    put_checked(numbers);
  } else {
    put_checked(blosc_compress(compression_, numbers, sizeof(float)));
  }
  index_.insert(index_.end(), {offset, file_.size() - offset});
}

void ShardWriter::append(std::span<const float> field) { append_numbers(std::as_bytes(field)); }

void ShardWriter::append(std::span<const int32_t> field) { append_numbers(std::as_bytes(field)); }

void ShardWriter::skip() {
  constexpr uint64_t absent = ~uint64_t{0};
  index_.insert(index_.end(), {absent, absent});
}

StoredFile ShardWriter::publish() {
  put_checked(std::as_bytes(std::span(index_)));
  file_.publish();
  return {file_.path().string(), file_.size(), digest_.hex()};
}

void read_shard(const fs::path& path, Compression compression, size_t leads, size_t lead, std::span<float> field) {
  assert(lead < leads);
  const RangedFile file(path);
  const Entry entry = find_chunk(file, path, leads, lead);
  // Shuffled noise does not shrink: blosc then adds a header of 16 bytes. Nothing longer is ours.
  if (entry.size > field.size_bytes() + 1024) damaged(path, fmt::format("field {} is too long", lead));
  std::vector<std::byte> chunk = file.read(entry.offset, entry.size);
  if (!take_crc(chunk)) damaged(path, fmt::format("the checksum of field {} does not match", lead));
  if (compression != Compression::none) {
    if (!blosc_decompress(chunk, field)) damaged(path, fmt::format("field {} cannot be decompressed", lead));
  } else if (chunk.size() == field.size_bytes()) {
    std::memcpy(field.data(), chunk.data(), chunk.size());
  } else {
    damaged(path, fmt::format("field {} has {} bytes instead of {}", lead, chunk.size(), field.size_bytes()));
  }
}

}  // namespace hens
