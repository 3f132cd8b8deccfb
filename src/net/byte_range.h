// Byte ranges of a file as HTTP knows them: how neighbours become one request, and what a server says it sent. Pure
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hens {

struct ByteRange {
  uint64_t first = 0;
  std::optional<uint64_t> last;  // inclusive; none: to the end
  uint64_t tail = 0;             // not 0: the last `tail` bytes in place of all that
  bool operator==(const ByteRange&) const = default;
};

// `first-last`, `first-` to the end, or `-tail`: what follows `Range: bytes=`.
std::string range_text(const ByteRange& range);

// One request that serves several of the ranges asked for.
struct RangeGroup {
  ByteRange span;
  std::vector<size_t> parts;  // indices into the ranges, by first byte
};

// Groups ranges whose gaps are at most `gap` bytes, as long as a group's span stays within `limit` bytes (one range may
// be longer by itself: then it is alone). Ranges to the end, and tails, stand alone. Every index appears in exactly one
// group; groups are in the order of their first byte.
std::vector<RangeGroup> merge_ranges(const std::vector<ByteRange>& ranges, uint64_t gap, uint64_t limit);

// The header `Content-Range: bytes first-last/total`.
struct ContentRange {
  uint64_t first = 0, last = 0;
  std::optional<uint64_t> total;  // none: the server wrote `*`
};

// None where the text is not of that form, or contradicts itself.
std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace hens
