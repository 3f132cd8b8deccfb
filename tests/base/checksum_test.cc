#include "base/checksum.h"

#include <fstream>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/test_data.h"

namespace hens {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string random_text(size_t size) {
  std::minstd_rand generator(7);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(generator());
  return text;
}

// FIPS 180-4 examples.
TEST(Sha256, KnownDigests) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesEqualTheWhole) {
  const std::string text = random_text(1000);
  for (const size_t piece : {1, 7, 63, 64, 65, 999}) {
    Sha256 digest;
    for (size_t at = 0; at < text.size(); at += piece) digest.update(std::string_view(text).substr(at, piece));
    EXPECT_EQ(digest.hex(), sha256_hex(text)) << "pieces of " << piece;
  }
}

TEST(Sha256, FileEqualsItsBytes) {
  const test::TemporaryFolder folder;
  const std::string text = random_text((size_t{9} << 20) + 5);  // more than two pieces of reading
  std::ofstream(folder / "file", std::ios::binary) << text;
  EXPECT_EQ(sha256_file(folder / "file"), sha256_hex(text));
  EXPECT_THROW(sha256_file(folder / "none"), Error);
}

// RFC 3720, appendix B.4; the check value of the CRC catalogues.
TEST(Crc32c, KnownChecksums) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c({}), 0u);
  EXPECT_EQ(crc32c(bytes_of(std::string(32, '\0'))), 0x8A9136AAu);
  EXPECT_EQ(crc32c(bytes_of(std::string(32, '\xff'))), 0x62A8AB43u);
  std::string rising;
  for (char c = 0; c < 32; ++c) rising += c;
  EXPECT_EQ(crc32c(bytes_of(rising)), 0x46DD794Eu);
}

TEST(Crc32c, PiecesEqualTheWhole) {
  const std::string text = random_text(5000);
  const uint32_t whole = crc32c(bytes_of(text));
  for (const size_t cut : {0, 1, 8, 255, 256, 1023, 4999, 5000}) {
    const std::string_view all = text;
    EXPECT_EQ(crc32c(bytes_of(all.substr(cut)), crc32c(bytes_of(all.substr(0, cut)))), whole) << "cut at " << cut;
  }
}

TEST(Crc32c, AnyFlippedBitShows) {
  std::string text = random_text(64);
  const uint32_t right = crc32c(bytes_of(text));
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(crc32c(bytes_of(text)), right) << "bit " << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace hens
