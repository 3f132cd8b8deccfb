#include "store/blosc.h"

#include <blosc.h>
#include <stdexcept>

namespace hens {
namespace {

struct Setting {
  const char* name;
  int level;
};

// Levels: of LZ4 blosc's default, at which it keeps pace with the disk; of Zstandard the one past which forecast fields
// shrink by no more than a few per cent for twice the time.
Setting setting_of(Compression compression) {
  return compression == Compression::lz4 ? Setting{BLOSC_LZ4_COMPNAME, 5} : Setting{BLOSC_ZSTD_COMPNAME, 1};
}

}  // namespace

nlohmann::ordered_json blosc_codec(Compression compression) {
  const Setting setting = setting_of(compression);
  return {{"name", "blosc"},
          {"configuration",
           {{"typesize", sizeof(float)},
            {"cname", setting.name},
            {"clevel", setting.level},
            {"shuffle", "shuffle"},
            {"blocksize", 0}}}};
}

std::vector<std::byte> blosc_compress(Compression compression, std::span<const float> field) {
  return blosc_compress(compression, std::as_bytes(field), sizeof(float));
}

std::vector<std::byte> blosc_compress(Compression compression, std::span<const std::byte> numbers, size_t item) {
  const Setting setting = setting_of(compression);
  std::vector<std::byte> bytes(numbers.size() + BLOSC_MAX_OVERHEAD);
  const int size = blosc_compress_ctx(setting.level, BLOSC_SHUFFLE, item, numbers.size(), numbers.data(), bytes.data(),
                                      bytes.size(), setting.name, 0, 1);
  if (size <= 0) throw std::runtime_error("c-blosc cannot compress a field: it was built without this codec");
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

bool blosc_decompress(std::span<const std::byte> bytes, std::span<float> field) {
  return blosc_decompress(bytes, std::as_writable_bytes(field));
}

bool blosc_decompress(std::span<const std::byte> bytes, std::span<std::byte> numbers) {
  size_t size = 0;
  if (blosc_cbuffer_validate(bytes.data(), bytes.size(), &size) != 0 || size != numbers.size()) return false;
  return blosc_decompress_ctx(bytes.data(), numbers.data(), size, 1) == static_cast<int>(size);
}

}  // namespace hens
