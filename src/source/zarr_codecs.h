// What chunks of Zarr arrays went through on their way to the store, undone. Pure functions; the bytes are untrusted:
// what comes out is bounded before memory is taken, whatever the bytes say of themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hens {

// deflate: zlib's and gzip's streams. shuffle: byte k of all numbers together, for k = 0, 1 ...
enum class ZarrCodecKind { blosc, zstd, deflate, shuffle, crc32c };

struct ZarrCodec {
  ZarrCodecKind kind;
  size_t item = 0;  // shuffle: bytes of a number
};

// The longest that `size` bytes may be behind all codecs: these add little to what does not shrink.
constexpr uint64_t longest_encoded(uint64_t size) { return size + size / 8 + 4096; }

// The `size` bytes that `codecs` (in the order that they were applied in) made `bytes` of. Throws Error{bad_input}
// "<what>: is damaged: ..." where it is not exactly so many, or a checksum does not match.
std::vector<std::byte> decoded_chunk(std::vector<std::byte> bytes, std::span<const ZarrCodec> codecs, size_t size,
                                     const std::string& what);

}  // namespace hens
