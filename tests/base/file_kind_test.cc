// Files by their first bytes.
#include "base/file_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "support/test_data.h"

namespace hens {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string hint(const std::string& bytes) { return file_kind_hint(std::as_bytes(std::span(bytes))); }

TEST(FileKind, IsNamedWithARemedy) {
  EXPECT_THAT(hint("PK\3\4rest"s), HasSubstr("a ZIP archive: unzip it"));
  EXPECT_THAT(hint("\x1f\x8b\x08"s), HasSubstr("gzip"));
  EXPECT_THAT(hint("BZh91AY"s), HasSubstr("bzip2"));
  EXPECT_THAT(hint("\xfd"
                   "7zXZ\0"s),
              HasSubstr("compressed by xz"));
  EXPECT_THAT(hint("\x28\xb5\x2f\xfd\x04"s), HasSubstr("zstd"));
  EXPECT_THAT(hint("GRIB\0\0\0\2"s), HasSubstr("source: grib"));
  EXPECT_THAT(hint("CDF\1"s), HasSubstr("netCDF"));
  EXPECT_THAT(hint("\x89HDF\r\n\x1a\n"s), HasSubstr("HDF5"));
  EXPECT_THAT(hint("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"s), HasSubstr("git lfs pull"));
  EXPECT_THAT(hint("  \n<!DOCTYPE html>"s), HasSubstr("HTML"));
  EXPECT_THAT(hint("\xef\xbb\xbf<?xml version='1.0'?>"s), HasSubstr("XML"));
  EXPECT_THAT(hint("{\"error\": \"denied\"}"s), HasSubstr("JSON"));
  EXPECT_THAT(hint(std::string(257, 'x') + "ustar"), HasSubstr("tar archive"));
  EXPECT_THAT(hint(""), HasSubstr("an empty file"));
  EXPECT_THAT(hint(std::string(4096, '\0')), HasSubstr("zeros"));
  EXPECT_THAT(hint("no such page\n"), HasSubstr("text"));
  EXPECT_EQ(hint("\x01\x02\x03 something binary"s), "");
}

TEST(FileKind, OfAFile) {
  const TemporaryFolder folder;
  publish_file(folder / "a", "PK\3\4");
  EXPECT_THAT(file_kind_hint(folder / "a"), StartsWith("; it is a ZIP archive"));
  EXPECT_EQ(file_kind_hint(folder / "absent"), "");
}

}  // namespace
}  // namespace hens
