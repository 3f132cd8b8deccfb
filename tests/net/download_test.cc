// What needs no server: waiting times, folders, local files. tests/integration/download_test.py does the rest.
#include "net/download.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "net/transfer.h"
#include "support/test_data.h"

namespace hens {
namespace {

TEST(Backoff, DoublesWithJitterUpToABound) {
  EXPECT_DOUBLE_EQ(backoff_seconds(0.5, 1, 1.0, {}), 0.5);
  EXPECT_DOUBLE_EQ(backoff_seconds(0.5, 4, 1.0, {}), 4.0);
  EXPECT_DOUBLE_EQ(backoff_seconds(0.5, 4, 0.5, {}), 2.0);
  EXPECT_DOUBLE_EQ(backoff_seconds(0.5, 1000000, 1.0, {}), 30.0);
}

TEST(Backoff, GrantsWhatTheServerWishesUpToAMinute) {
  EXPECT_DOUBLE_EQ(backoff_seconds(0.5, 1, 1.0, 7.0), 7.0);
  EXPECT_DOUBLE_EQ(backoff_seconds(0.5, 5, 1.0, 1.0), 8.0) << "never sooner than by itself";
  EXPECT_DOUBLE_EQ(backoff_seconds(0.5, 1, 1.0, 86400.0), 60.0);
}

TEST(CacheFolder, IsGivenOrOfTheEnvironment) {
  for (const char* name : {"HENS_CACHE", "XDG_CACHE_HOME"}) unsetenv(name);
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(cache_folder(), "/home/me/.cache/hens");
  setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(cache_folder(), "/xdg/hens");
  setenv("HENS_CACHE", "/mine", 1);
  EXPECT_EQ(cache_folder(), "/mine");
  EXPECT_EQ(cache_folder("given"), "given");
  for (const char* name : {"HENS_CACHE", "XDG_CACHE_HOME", "HOME"}) unsetenv(name);
  EXPECT_THROW(cache_folder(), Error);
}

TEST(Downloader, LocalFilesStayWhereTheyAre) {
  const test::TemporaryFolder folder;
  publish_file(folder / "file", "0123456789");
  Downloader downloader({.cache = folder / "cache", .offline = true}, Log::none());
  const Fetched whole = downloader.file((folder / "file").string());
  EXPECT_EQ(whole.path, folder / "file");
  EXPECT_EQ(whole.sha256, sha256_hex("0123456789"));
  const auto parts = downloader.ranges("file://" + (folder / "file").string(), {{8, {}}, {0, 0}, {8, {}}});
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(read_file(parts[0].path), "89");
  EXPECT_EQ(read_file(parts[1].path), "0");
  EXPECT_EQ(parts[1].sha256, sha256_hex("0"));
  EXPECT_EQ(parts[2].path, parts[0].path);
  EXPECT_TRUE(downloader.ranges((folder / "file").string(), {}).empty());
  const auto tails = downloader.ranges((folder / "file").string(), {{.tail = 3}, {.tail = 30}});
  EXPECT_EQ(read_file(tails[0].path), "789");
  EXPECT_EQ(read_file(tails[1].path), "0123456789") << "where there are fewer";
}

TEST(Downloader, ImpossibleRangesAreRefused) {
  const test::TemporaryFolder folder;
  publish_file(folder / "file", "0123456789");
  Downloader downloader({.cache = folder / "cache"}, Log::none());
  const std::vector<ByteRange> impossible{{5, 4}, {0, 10}, {10, {}}, {10, 10}, {0, UINT64_MAX}, {UINT64_MAX, {}}};
  for (const ByteRange& range : impossible) {
    EXPECT_THROW(downloader.ranges((folder / "file").string(), {range}), Error) << range_text(range);
  }
}

}  // namespace
}  // namespace hens
