#include "source/zarr_codecs.h"

#include <blosc.h>
#include <cstring>
#include <zlib.h>
#include <zstd.h>

#include "base/checksum.h"
#include "base/error.h"

namespace hens {
namespace {

using Bytes = std::vector<std::byte>;

constexpr size_t crc_bytes = sizeof(uint32_t);

[[noreturn]] void damaged(const std::string& what, const std::string& why) {
  fail(ExitCode::bad_input, "{}: is damaged: {}", what, why);
}

Bytes without_checksum(Bytes bytes, const std::string& what) {
  uint32_t expected = 0;
  if (bytes.size() < crc_bytes) damaged(what, "it is too short for its checksum");
  std::memcpy(&expected, bytes.data() + bytes.size() - crc_bytes, crc_bytes);
  bytes.resize(bytes.size() - crc_bytes);
  if (crc32c(bytes) != expected) damaged(what, "its checksum (CRC-32C) does not match");
  return bytes;
}

Bytes from_blosc(const Bytes& bytes, size_t most, const std::string& what) {
  size_t said = 0;
  if (blosc_cbuffer_validate(bytes.data(), bytes.size(), &said) != 0) damaged(what, "it is no block of blosc");
  if (said > most) damaged(what, fmt::format("it would be {} bytes, expected {}", said, most));
  Bytes plain(said);
  const int done = blosc_decompress_ctx(bytes.data(), plain.data(), plain.size(), 1);
  if (done < 0 || static_cast<size_t>(done) != said) damaged(what, "blosc cannot decompress it");
  return plain;
}

Bytes from_zstd(const Bytes& bytes, size_t most, const std::string& what) {
  const unsigned long long said = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (said == ZSTD_CONTENTSIZE_ERROR) damaged(what, "it is no frame of zstd");
  const bool unknown = said == ZSTD_CONTENTSIZE_UNKNOWN;
  if (!unknown && said > most) damaged(what, fmt::format("it would be {} bytes, expected {}", said, most));
  Bytes plain(most);  // several frames may follow each other
  const size_t done = ZSTD_decompress(plain.data(), plain.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(done)) damaged(what, fmt::format("zstd: {}", ZSTD_getErrorName(done)));
  plain.resize(done);
  return plain;
}

Bytes inflated(const Bytes& bytes, size_t most, const std::string& what) {
  constexpr int either = 15 + 32;  // zlib's or gzip's header
  z_stream stream{};
  if (inflateInit2(&stream, either) != Z_OK) damaged(what, "zlib cannot start");
  Bytes plain(most);
  // Chunks are below 1 GiB; zlib counts in 32 bits.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  const int status = inflate(&stream, Z_FINISH);
  const size_t done = stream.total_out;
  inflateEnd(&stream);
  if (status == Z_BUF_ERROR && stream.avail_out == 0) damaged(what, fmt::format("it is more than {} bytes", most));
  if (status != Z_STREAM_END) damaged(what, "its stream of zlib or gzip is cut short or wrong");
  plain.resize(done);
  return plain;
}

Bytes unshuffled(const Bytes& bytes, size_t item) {
  Bytes plain(bytes.size());
  const size_t numbers = bytes.size() / item, whole = numbers * item;
  for (size_t b = 0; b < item; ++b) {
    for (size_t k = 0; k < numbers; ++k) plain[k * item + b] = bytes[b * numbers + k];
  }
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(whole), bytes.end(),
            plain.begin() + static_cast<std::ptrdiff_t>(whole));
  return plain;
}

}  // namespace

std::vector<std::byte> decoded_chunk(std::vector<std::byte> bytes, std::span<const ZarrCodec> codecs, size_t size,
                                     const std::string& what) {
  for (size_t k = codecs.size(); k-- > 0;) {
    const size_t most = k == 0 ? size : longest_encoded(size);
    switch (codecs[k].kind) {
      case ZarrCodecKind::crc32c:
        bytes = without_checksum(std::move(bytes), what);
        break;
      case ZarrCodecKind::blosc:
        bytes = from_blosc(bytes, most, what);
        break;
      case ZarrCodecKind::zstd:
        bytes = from_zstd(bytes, most, what);
        break;
      case ZarrCodecKind::deflate:
        bytes = inflated(bytes, most, what);
        break;
      case ZarrCodecKind::shuffle:
        bytes = unshuffled(bytes, codecs[k].item);
        break;
    }
  }
  if (bytes.size() != size) damaged(what, fmt::format("it has {} bytes instead of {}", bytes.size(), size));
  return bytes;
}

}  // namespace hens
