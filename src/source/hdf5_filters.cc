#include "source/hdf5_filters.h"

#include <algorithm>
#include <array>
#include <blosc.h>
#include <cstdlib>
#include <hdf5.h>
#include <vector>
#include <zstd.h>

#include <fmt/ranges.h>

namespace hens {
namespace {

constexpr H5Z_filter_t zstd_id = 32015, blosc_id = 32001;
constexpr size_t most_bytes = size_t{1} << 30;  // of one chunk

// Puts a buffer of HDF5's own kind (malloc) in the place of the chunk's. `decode` fills `size` bytes, or returns false.
template <typename Decode>
size_t replace_chunk(size_t size, size_t* buffer_size, void** buffer, const Decode& decode) {
  if (size == 0 || size > most_bytes) return 0;
  void* decoded = H5allocate_memory(size, false);
  if (decoded == nullptr) return 0;
  if (!decode(decoded)) {
    H5free_memory(decoded);
    return 0;
  }
  H5free_memory(*buffer);
  *buffer = decoded;
  *buffer_size = size;
  return size;
}

// Filters return the bytes of the chunk, or 0 for failure. They only decode: nothing here writes such files.
size_t decode_zstd(unsigned flags, size_t, const unsigned*, size_t bytes, size_t* buffer_size, void** buffer) {
  if (!(flags & H5Z_FLAG_REVERSE)) return 0;
  const unsigned long long size = ZSTD_getFrameContentSize(*buffer, bytes);
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return 0;
  return replace_chunk(size, buffer_size, buffer,
                       [&](void* decoded) { return ZSTD_decompress(decoded, size, *buffer, bytes) == size; });
}

size_t decode_blosc(unsigned flags, size_t, const unsigned*, size_t bytes, size_t* buffer_size, void** buffer) {
  size_t size = 0;
  if (!(flags & H5Z_FLAG_REVERSE) || blosc_cbuffer_validate(*buffer, bytes, &size) != 0) return 0;
  return replace_chunk(size, buffer_size, buffer, [&](void* decoded) {
    return blosc_decompress_ctx(*buffer, decoded, size, 1) == static_cast<int>(size);
  });
}

struct Known {
  unsigned id;
  const char* name;
};

// The HDF Group's list of registered filters; below 256 HDF5's own.
constexpr std::array<Known, 18> known_filters{{{1, "deflate"},
                                               {2, "shuffle"},
                                               {3, "fletcher32"},
                                               {4, "szip"},
                                               {5, "nbit"},
                                               {6, "scaleoffset"},
                                               {305, "lzo"},
                                               {307, "bzip2"},
                                               {32000, "lzf"},
                                               {32001, "blosc"},
                                               {32004, "lz4"},
                                               {32008, "bitshuffle"},
                                               {32013, "zfp"},
                                               {32015, "zstd"},
                                               {32017, "sz"},
                                               {32022, "bitgroom"},
                                               {32023, "granular bitround"},
                                               {32026, "blosc2"}}};

}  // namespace

void register_hdf5_filters() {
  static constexpr H5Z_class2_t zstd{H5Z_CLASS_T_VERS, zstd_id, 0, 1, "zstd", nullptr, nullptr, decode_zstd};
  static constexpr H5Z_class2_t blosc{H5Z_CLASS_T_VERS, blosc_id, 0, 1, "blosc", nullptr, nullptr, decode_blosc};
  for (const H5Z_class2_t* filter : {&zstd, &blosc}) {
    if (H5Zfilter_avail(filter->id) <= 0) H5Zregister(filter);
  }
}

std::string missing_filters(std::span<const unsigned> ids) {
  std::vector<std::string> missing;
  for (const unsigned id : ids) {
    if (H5Zfilter_avail(static_cast<H5Z_filter_t>(id)) > 0) continue;
    const auto* found = std::ranges::find(known_filters, id, &Known::id);
    missing.push_back(fmt::format("{} (HDF5 filter {})", found == known_filters.end() ? "a filter" : found->name, id));
  }
  if (missing.empty()) return "";
  return fmt::format(
      "it is compressed by {}, which this program does not have; it reads deflate, szip, zstd and blosc: "
      "write the file anew where that filter is installed, as by nccopy -F none -d 1 OLD NEW",
      fmt::join(missing, " and "));
}

}  // namespace hens
