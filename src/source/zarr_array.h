// One array of a Zarr v3 store, read only: what hens and zarr-python write. Regular chunks, sharded or not, of
// little-endian numbers, as they are or compressed by blosc or zstd, with or without CRC-32C.
//
// Files are untrusted: sizes are bounded before memory is taken, and every length is held against what the shape says.
// Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/files.h"

namespace hens {

class ZarrArray {
 public:
  // `folder` holds zarr.json. Throws Error{missing_input} where there is none, {bad_input} naming it where it is no
  // such array, or is written by a codec that is not known here.
  explicit ZarrArray(fs::path folder);

  const std::vector<uint64_t>& shape() const { return shape_; }
  const std::vector<std::string>& dimensions() const { return dimensions_; }  // names; empty where the array has none
  std::string attribute(const char* name) const;                              // a text; empty where there is none

  // The box of `count` entries from `start` along each dimension, row-major. None where a chunk of it was never
  // written. Requires a box within the shape.
  std::optional<std::vector<double>> read(const std::vector<uint64_t>& start, const std::vector<uint64_t>& count) const;
  std::optional<std::vector<double>> read_all() const;

 private:
  struct Codecs {
    bool blosc = false, zstd = false, crc = false;
  };
  using Index = std::vector<uint64_t>;

  [[noreturn]] void refuse(const std::string& what) const;
  void read_metadata(const nlohmann::json& json);
  Codecs byte_codecs(const nlohmann::json& codecs) const;
  fs::path chunk_path(const Index& chunk) const;
  std::vector<std::byte> decoded(std::vector<std::byte> bytes, const Codecs& codecs, size_t size) const;
  std::optional<std::vector<std::byte>> whole_chunk(const Index& chunk) const;
  std::optional<std::vector<std::byte>> inner_chunk(const Index& shard, const Index& inner) const;

  fs::path folder_;
  Index shape_, chunk_, inner_;  // inner_: the chunks of a shard; as chunk_ where there are no shards
  bool sharded_ = false;
  bool index_at_end_ = true;
  std::string type_;
  size_t item_ = 0;
  bool old_keys_ = false;
  char separator_ = '/';
  Codecs codecs_;  // of an inner chunk
  std::vector<std::string> dimensions_;
  nlohmann::json attributes_;
};

}  // namespace hens
