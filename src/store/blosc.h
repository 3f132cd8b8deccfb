// Compression of fields by c-blosc: bytes shuffled by significance, then LZ4 or Zstandard. The one place that knows
// c-blosc. Thread-safe: each call has its own context and works on the calling thread alone. The same field gives the
// same bytes, whatever the processor.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "job/job_spec.h"

namespace hens {

// The codec's description in Zarr v3 metadata. Requires `compression` other than none; so do the others.
nlohmann::ordered_json blosc_codec(Compression compression);

std::vector<std::byte> blosc_compress(Compression compression, std::span<const float> field);
// Numbers of `item` bytes each, any size in all below 2 GiB.
std::vector<std::byte> blosc_compress(Compression compression, std::span<const std::byte> numbers, size_t item);

// Fills `field`. False where `bytes` do not decode to exactly its size. Bytes may be hostile.
bool blosc_decompress(std::span<const std::byte> bytes, std::span<float> field);
bool blosc_decompress(std::span<const std::byte> bytes, std::span<std::byte> numbers);

}  // namespace hens
