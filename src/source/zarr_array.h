// One array of a Zarr store, read only: boxes of its numbers, out of chunks that may lie in shards.
//
// Files are untrusted: sizes are bounded before memory is taken, and every length is held against what the shape says.
// Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/zarr_layout.h"
#include "source/zarr_objects.h"

namespace hens {

// The chunk decoded last, of all arrays that share it: a chunk of all levels is asked for level by level.
struct ZarrChunkCache {
  std::string key;  // of the chunk; empty: none
  std::vector<std::byte> bytes;
};

class ZarrArray {
 public:
  // `name`: the array's in the store; `origin`: the store's for messages. `objects` and `cache` must outlive it.
  ZarrArray(ZarrLayout layout, std::string name, const std::string& origin, const ZarrObjects& objects,
            ZarrChunkCache& cache);

  const ZarrLayout& layout() const { return layout_; }

  // The box of `count` entries from `start` along each dimension, row-major, as stored. Where a chunk of it was never
  // written: the fill value, or none and the chunk's key in `unwritten`. Requires a box within the shape.
  std::optional<std::vector<double>> read(const std::vector<uint64_t>& start, const std::vector<uint64_t>& count,
                                          bool fill, std::string& unwritten) const;

 private:
  using Index = std::vector<uint64_t>;
  struct Box {
    Index start, count;
  };
  // A chunk that a box needs. `place`: where its bytes are; none: never written.
  struct Chunk {
    Index at;  // of the inner chunk, in inner chunks from the array's first
    std::string key;
    std::optional<ObjectPart> place;
  };

  [[noreturn]] void refuse(const std::string& what) const;
  std::vector<Chunk> chunks_of(const Box& box) const;
  void find_in_shards(std::vector<Chunk>& chunks) const;
  void find_in_shard(const std::vector<uint64_t>& index, Chunk& chunk) const;
  std::vector<uint64_t> index_of(const std::string& key) const;
  ObjectPart index_part(const std::string& key) const;
  const std::vector<std::byte>* decoded(const Chunk& chunk) const;  // null: never written
  void copy(const Chunk& chunk, const std::byte* from, const Box& box, std::vector<double>& to) const;

  ZarrLayout layout_;
  std::string name_, what_;
  const ZarrObjects& objects_;
  ZarrChunkCache& cache_;
};

}  // namespace hens
