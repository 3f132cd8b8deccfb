// One shard of a Zarr v3 array: a file that holds one variable of one member (or one statistic), all leads, a chunk a
// field.
//
//   chunk 0 | chunk 1 | ... | index: (offset, size) uint64 of each chunk | CRC-32C of the index, uint32
//   chunk: the field, float32 or int32, blosc-compressed or as it is | CRC-32C of that, uint32
//
// All numbers are little-endian. Zarr v3, codecs sharding_indexed (index at the end), bytes, blosc, crc32c.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/checksum.h"
#include "base/files.h"
#include "store/store.h"

namespace hens {

// Writes a shard as its fields come; its SHA-256 is computed on the way. Not thread-safe. Destroyed before publish(),
// it leaves nothing.
class ShardWriter {
 public:
  ShardWriter(const fs::path& path, Compression compression);

  // Appends the next lead's field.
  void append(std::span<const float> field);
  void append(std::span<const int32_t> field);
  // The next field is not there: readers find the fill value.
  void skip();
  // Closes the file with its index and gives it its name. `path` of the result is the one given to the constructor.
  StoredFile publish();
  size_t chunks() const { return index_.size() / 2; }

 private:
  void put(std::span<const std::byte> bytes);
  void put_checked(std::span<const std::byte> bytes);
  void append_numbers(std::span<const std::byte> numbers);

  PendingFile file_;
  Compression compression_;
  Sha256 digest_;
  std::vector<uint64_t> index_;  // [chunk, {offset, size}]
};

// Reads chunk `lead` of a shard of `leads` chunks into `field`. Throws Error{missing_input}, or Error{bad_input} naming
// the file and what is wrong with it: every byte of the index and of the chunk is covered by a checksum.
void read_shard(const fs::path& path, Compression compression, size_t leads, size_t lead, std::span<float> field);

}  // namespace hens
