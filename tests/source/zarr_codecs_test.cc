// Chunks of Zarr arrays: what their codecs made, undone, and what lies about its size.

#include "source/zarr_codecs.h"

#include <blosc.h>
#include <cstring>
#include <zlib.h>
#include <zstd.h>

#include "base/checksum.h"
#include "source/source_fixtures.h"

namespace hens {
namespace {

using test::error_text;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;
using Kind = ZarrCodecKind;

Bytes numbers(size_t count) {
  std::vector<float> values(count);
  for (size_t k = 0; k < count; ++k) values[k] = 250.0f + static_cast<float>(k % 100);
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

Bytes by_blosc(const Bytes& plain, const char* compressor, int shuffle) {
  Bytes packed(plain.size() + BLOSC_MAX_OVERHEAD);
  const int size =
      blosc_compress_ctx(5, shuffle, 4, plain.size(), plain.data(), packed.data(), packed.size(), compressor, 0, 1);
  packed.resize(static_cast<size_t>(size));
  return packed;
}

Bytes by_zstd(const Bytes& plain) {
  Bytes packed(ZSTD_compressBound(plain.size()));
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
}

// window: 15: zlib; 31: gzip
Bytes by_deflate(const Bytes& plain, int window) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  Bytes packed(deflateBound(&stream, plain.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

Bytes with_crc(Bytes bytes) {
  const uint32_t sum = crc32c(bytes);
  bytes.resize(bytes.size() + sizeof sum);
  std::memcpy(bytes.data() + bytes.size() - sizeof sum, &sum, sizeof sum);
  return bytes;
}

Bytes decoded(const Bytes& bytes, std::vector<ZarrCodec> codecs, size_t size) {
  return decoded_chunk(bytes, codecs, size, "store/t2m: c/0");
}

TEST(ZarrCodecs, EachUndoesItsWriter) {
  const Bytes plain = numbers(10'000);
  EXPECT_EQ(decoded(plain, {}, plain.size()), plain);
  for (const char* compressor : {"lz4", "zstd", "zlib", "blosclz", "lz4hc"}) {
    for (const int shuffle : {BLOSC_NOSHUFFLE, BLOSC_SHUFFLE, BLOSC_BITSHUFFLE}) {
      EXPECT_EQ(decoded(by_blosc(plain, compressor, shuffle), {{Kind::blosc}}, plain.size()), plain) << compressor;
    }
  }
  EXPECT_EQ(decoded(by_zstd(plain), {{Kind::zstd}}, plain.size()), plain);
  EXPECT_EQ(decoded(by_deflate(plain, 15), {{Kind::deflate}}, plain.size()), plain);
  EXPECT_EQ(decoded(by_deflate(plain, 31), {{Kind::deflate}}, plain.size()), plain);
  EXPECT_EQ(decoded(with_crc(by_zstd(plain)), {{Kind::zstd}, {Kind::crc32c}}, plain.size()), plain);
  // Bytes 0, 1, 2, 3 of two numbers and of what is left.
  const auto byte = [](int value) { return static_cast<std::byte>(value); };
  EXPECT_EQ(decoded({byte(1), byte(5), byte(2), byte(6), byte(9)}, {{Kind::shuffle, 2}}, 5),
            (Bytes{byte(1), byte(2), byte(5), byte(6), byte(9)}));
}

TEST(ZarrCodecs, BombsTakeNoMoreThanTheyMay) {
  const Bytes bomb(50'000'000);  // of zeros: a few kilobytes packed
  const std::vector<std::pair<Bytes, ZarrCodec>> bombs{{by_blosc(bomb, "zstd", BLOSC_SHUFFLE), {Kind::blosc}},
                                                       {by_zstd(bomb), {Kind::zstd}},
                                                       {by_deflate(bomb, 15), {Kind::deflate}},
                                                       {by_deflate(bomb, 31), {Kind::deflate}}};
  for (const auto& [packed, codec] : bombs) {
    EXPECT_LT(packed.size(), 1'000'000u);
    const std::string error = error_text([&] { decoded(packed, {codec}, 1000); }, ExitCode::bad_input);
    EXPECT_THAT(error, AllOf(HasSubstr("store/t2m: c/0"), HasSubstr("1000")));
    // In the middle of a chain, too.
    error_text([&] { decoded(packed, {{Kind::shuffle, 4}, codec}, 1000); }, ExitCode::bad_input);
  }
}

TEST(ZarrCodecs, EveryCutAndEveryFlippedChecksumIsSeen) {
  const Bytes plain = numbers(100);
  const std::vector<std::pair<Bytes, ZarrCodec>> packed{{by_blosc(plain, "lz4", BLOSC_SHUFFLE), {Kind::blosc}},
                                                        {by_zstd(plain), {Kind::zstd}},
                                                        {by_deflate(plain, 15), {Kind::deflate}},
                                                        {with_crc(plain), {Kind::crc32c}}};
  for (const auto& [bytes, codec] : packed) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_THAT(error_text([&] { decoded(cut, {codec}, plain.size()); }, ExitCode::bad_input), HasSubstr("damaged"))
          << static_cast<int>(codec.kind) << " at " << size;
    }
  }
  Bytes flipped = with_crc(plain);
  flipped[17] ^= std::byte{1};
  EXPECT_THAT(error_text([&] { decoded(flipped, {{Kind::crc32c}}, plain.size()); }, ExitCode::bad_input),
              HasSubstr("checksum"));
}

TEST(ZarrCodecs, AnotherLengthIsNamed) {
  const Bytes plain = numbers(100);
  EXPECT_THAT(error_text([&] { decoded(plain, {}, 404); }, ExitCode::bad_input), HasSubstr("400 bytes instead of 404"));
  EXPECT_THAT(error_text([&] { decoded(by_zstd(plain), {{Kind::zstd}}, 404); }, ExitCode::bad_input),
              HasSubstr("400 bytes instead of 404"));
}

}  // namespace
}  // namespace hens
