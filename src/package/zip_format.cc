#include "package/zip_format.h"

#include <isa-l/crc.h>

namespace hens::zip {

uint32_t crc32(std::span<const std::byte> bytes, uint32_t previous) noexcept {
  return crc32_gzip_refl(previous, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

}  // namespace hens::zip
