// The exact bytes of a shard, and that no change of one goes unnoticed.
#include "store/shard.h"

#include <cstring>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using testing::HasSubstr;

template <typename T>
T number_at(const std::string& bytes, size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

StoredFile write_shard(const fs::path& path, Compression compression, const std::vector<std::vector<float>>& fields) {
  ShardWriter writer(path, compression);
  for (const auto& field : fields) writer.append(field);
  return writer.publish();
}

uint32_t crc_of(const std::string& bytes, size_t offset, size_t size) {
  return crc32c(std::as_bytes(std::span(bytes)).subspan(offset, size));
}

TEST(Shard, IsChunksThenIndexEachWithItsChecksum) {
  const test::TemporaryFolder folder;
  const StoredFile file = write_shard(folder / "s", Compression::none, {{1.0F, 2.0F, 3.0F}, {-1.0F, 0.5F, 0.0F}});
  const std::string bytes = read_file(folder / "s");
  // 12 bytes of field and 4 of checksum, twice; 2 entries of 16 bytes; 4 of checksum.
  ASSERT_EQ(bytes.size(), 2 * 16 + 2 * 16 + 4);
  EXPECT_EQ(bytes.substr(0, 12), std::string("\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40", 12));
  EXPECT_EQ(number_at<uint32_t>(bytes, 12), crc_of(bytes, 0, 12));
  EXPECT_EQ(number_at<float>(bytes, 16), -1.0F);
  EXPECT_EQ(number_at<uint32_t>(bytes, 28), crc_of(bytes, 16, 12));
  EXPECT_EQ(number_at<uint64_t>(bytes, 32), 0U);   // offset of chunk 0
  EXPECT_EQ(number_at<uint64_t>(bytes, 40), 16U);  // its size
  EXPECT_EQ(number_at<uint64_t>(bytes, 48), 16U);
  EXPECT_EQ(number_at<uint64_t>(bytes, 56), 16U);
  EXPECT_EQ(number_at<uint32_t>(bytes, 64), crc_of(bytes, 32, 32));
  EXPECT_EQ(file.bytes, bytes.size());
  EXPECT_EQ(file.sha256, sha256_file(folder / "s")) << "the digest taken while writing is the file's";
}

TEST(Shard, ChecksumIsCastagnoli) {
  // RFC 3720, appendix B.4: 32 bytes of zeros.
  EXPECT_EQ(crc32c(std::vector<std::byte>(32)), 0x8a9136aaU);
}

TEST(Shard, KeepsEachBitOfFieldsThatAreNotFinite) {
  const test::TemporaryFolder folder;
  std::vector<float> field(700, std::numeric_limits<float>::quiet_NaN());
  const uint32_t odd_nan = 0xffc54321;
  std::memcpy(&field[3], &odd_nan, sizeof odd_nan);
  field[4] = -std::numeric_limits<float>::infinity();
  for (const Compression compression : {Compression::none, Compression::lz4, Compression::zstd}) {
    write_shard(folder / "s", compression, {field});
    std::vector<float> back(field.size());
    read_shard(folder / "s", compression, 1, 0, back);
    EXPECT_EQ(std::memcmp(back.data(), field.data(), field.size() * sizeof(float)), 0);
  }
}

TEST(Shard, IsTheSameBytesEachTime) {
  const test::TemporaryFolder folder;
  const std::vector<std::vector<float>> fields(3, std::vector<float>(100000, 3.5F));
  for (const Compression compression : {Compression::none, Compression::lz4, Compression::zstd}) {
    const StoredFile first = write_shard(folder / "a", compression, fields);
    const StoredFile second = write_shard(folder / "b", compression, fields);
    EXPECT_EQ(first.sha256, second.sha256);
  }
}

TEST(Shard, LeavesNothingWhenAbandoned) {
  const test::TemporaryFolder folder;
  {
    ShardWriter writer(folder / "s", Compression::none);
    writer.append(std::vector<float>(10));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

// Reads all chunks; true where reading fails as damaged.
bool is_noticed(const fs::path& path, Compression compression, size_t leads, size_t points) {
  try {
    std::vector<float> field(points);
    for (size_t lead = 0; lead < leads; ++lead) read_shard(path, compression, leads, lead, field);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_input);
    EXPECT_THAT(error.what(), HasSubstr(path.string()));
    return true;
  }
  return false;
}

TEST(Shard, AnyFlippedByteIsNoticed) {
  const test::TemporaryFolder folder;
  const std::vector<std::vector<float>> fields{{1.0F, 2.0F, 3.0F, 4.0F}, {5.0F, 6.0F, 7.0F, 8.0F}};
  for (const Compression compression : {Compression::none, Compression::lz4, Compression::zstd}) {
    write_shard(folder / "s", compression, fields);
    ASSERT_FALSE(is_noticed(folder / "s", compression, 2, 4));
    const std::string bytes = read_file(folder / "s");
    for (size_t k = 0; k < bytes.size(); ++k) {
      std::string damaged = bytes;
      damaged[k] = static_cast<char>(damaged[k] ^ 0x10);
      test::overwrite(folder / "s", damaged);
      EXPECT_TRUE(is_noticed(folder / "s", compression, 2, 4)) << "byte " << k;
    }
  }
}

TEST(Shard, AnyTruncationIsNoticed) {
  const test::TemporaryFolder folder;
  write_shard(folder / "s", Compression::none, {{1.0F, 2.0F}, {5.0F, 6.0F}});
  const std::string bytes = read_file(folder / "s");
  for (size_t size = 0; size < bytes.size(); ++size) {
    test::overwrite(folder / "s", bytes.substr(0, size));
    EXPECT_TRUE(is_noticed(folder / "s", Compression::none, 2, 2)) << size << " bytes";
  }
}

TEST(Shard, AnIndexWithARightChecksumThatPointsOutsideIsRefused) {
  const test::TemporaryFolder folder;
  for (const uint64_t offset : {uint64_t{9}, ~uint64_t{0}, ~uint64_t{0} - 11}) {
    std::string bytes(12, '\0');
    const uint64_t entry[2] = {offset, 12};
    bytes.append(reinterpret_cast<const char*>(entry), sizeof entry);
    const uint32_t crc = crc_of(bytes, 12, 16);
    bytes.append(reinterpret_cast<const char*>(&crc), sizeof crc);
    test::overwrite(folder / "s", bytes);
    EXPECT_TRUE(is_noticed(folder / "s", Compression::none, 1, 2)) << offset;
  }
}

TEST(Shard, AMissingFileIsMissing) {
  const test::TemporaryFolder folder;
  std::vector<float> field(1);
  try {
    read_shard(folder / "none", Compression::none, 1, 0, field);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::missing_input);
  }
}

}  // namespace
}  // namespace hens
