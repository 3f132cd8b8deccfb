// Fields of a Zarr v3 array as files of their own, for readers that know no shards: float32, blosc-compressed or as
// they are, without a checksum (GDAL does not know that codec; the marker of the member has each file's SHA-256).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "store/store.h"

namespace hens {

// Writes one variable of one member. Fields gather in one temporary file, so that a member under way has one open file
// a variable, and become files of their own at the end. Not thread-safe. Destroyed before publish(), it leaves nothing.
class ChunkFilesWriter {
 public:
  // `files`: names in `folder` of the fields, in the order in which they will come.
  ChunkFilesWriter(fs::path folder, std::vector<std::string> files, Compression compression);

  // Appends the next lead's field.
  void append(std::span<const float> field);
  // Gives each field its file; their paths are the names given to the constructor.
  std::vector<StoredFile> publish();
  size_t chunks() const { return sizes_.size(); }

 private:
  fs::path folder_;
  std::vector<std::string> files_;
  Compression compression_;
  PendingFile gathered_;         // never published
  std::vector<uint64_t> sizes_;  // bytes of each field in it, in order
};

// Throws Error{missing_input}, or Error{bad_input} naming the file where it does not hold exactly such a field.
void read_chunk_file(const fs::path& path, Compression compression, std::span<float> field);

}  // namespace hens
