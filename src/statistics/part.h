// A part: a file with the sums of all pairs of one forecast (a model, a length, an initial time) over a set of its
// members, which stands in it. It is published whole and checks itself: each chunk and the table of them has its
// CRC-32C. What a run has done is what its parts say.
//
//   "hens part 1\n" | chunks | table: (offset uint64, bytes uint32, CRC-32C uint32) of each chunk | header, JSON |
//   ending: where the table begins, where the header begins (uint64), CRC-32C of table, header and these (uint32),
//   "hensPART"
//
// All numbers are little-endian. Chunks: for each pair, each tile of part_tile points (the last is shorter), what the
// plan keeps, in the order sum, squares, lowest, highest, above, first, length, counts; blosc, byte shuffle, zstd; none
// (0 bytes) where there is nothing in it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/ranged_file.h"
#include "statistics/accumulator.h"
#include "statistics/member_set.h"

namespace hens {

inline constexpr size_t part_tile = 65'536;  // points: what is read of a part at a time

struct PartHeader {
  std::string forecast_hash;            // of the spec
  std::string run_identity;             // weights, precision and device kind: see run/manifest.h
  int length = 0, model = 0, time = 0;  // as in MemberId
  std::string region;                   // of the spec; empty: all of the globe
  MemberSet members;
  size_t points = 0;
  std::string plan;  // plan_digest() of the pairs
  int attempt = 0;
  std::string finished;  // iso_moment() of its publication
};

// SHA-256 of what the pairs keep: sums of two parts may be added where it is the same.
std::string plan_digest(const std::vector<PairPlan>& plan);

// Name of a part's file: of what is in it, so that the same members make the same name.
std::string part_name(const PartHeader& header, int steps, const std::string& time);

// Publishes a part with the accumulator's sums. A stop request ends it with Error{interrupted}: nothing is left then.
void write_part(const fs::path& path, const PartHeader& header, Accumulator& sums);

// The sums of one pair at the points of one tile.
struct TileSums {
  std::vector<int64_t> sum;
  std::vector<uint64_t> squares, lowest, highest;
  std::vector<uint16_t> above;  // [threshold][point of the tile]
  Spans spans;
};

// Reads one part. Bytes may be hostile: nothing is allocated beyond what the plan and the tile's size make plausible.
// Everything that is wrong is Error{bad_input} naming the file.
class PartReader {
 public:
  explicit PartReader(const fs::path& path);

  const PartHeader& header() const { return header_; }
  const fs::path& path() const { return file_.path(); }

  // Whether these are sums of `plan` at `points` points: required by what follows.
  bool holds(const std::vector<PairPlan>& plan, size_t points) const;
  TileSums read(const std::vector<PairPlan>& plan, int pair, size_t tile) const;
  // Of the histogram alone where the counts begin and how many there are at each point; without the counts.
  Spans read_extent(const std::vector<PairPlan>& plan, int pair, size_t tile) const;
  // Puts all sums into an accumulator of that plan.
  void load(Accumulator& sums) const;
  // Reads every chunk against its checksum.
  void check() const;

 private:
  struct Chunk {
    uint64_t offset;
    uint32_t bytes, crc;
  };
  std::vector<std::byte> raw(size_t chunk) const;
  template <typename T>
  void numbers(size_t chunk, size_t count, std::vector<T>& values) const;
  void extent(size_t chunk, size_t points, Spans& spans) const;
  size_t first_chunk(const std::vector<PairPlan>& plan, int pair, size_t tile) const;
  [[noreturn]] void damaged(const std::string& what) const;

  RangedFile file_;
  PartHeader header_;
  std::vector<Chunk> chunks_;
};

inline size_t tiles_of(size_t points) { return (points + part_tile - 1) / part_tile; }

}  // namespace hens
