// Where the tests find golden arrays and real analyses: $HENS_TEST_DATA, or `../shared` beside the checkout.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace hens::test {

inline std::filesystem::path data_root() {
  if (const char* given = std::getenv("HENS_TEST_DATA")) return given;
  return std::filesystem::path(HENS_SOURCE_DIR).parent_path() / "shared";
}

// Skips the test, saying so, where the data are absent.
#define HENS_REQUIRE_DATA(relative)                                   \
  if (!std::filesystem::exists(hens::test::data_root() / (relative))) \
  GTEST_SKIP() << "needs " << (hens::test::data_root() / (relative)) << ": set HENS_TEST_DATA to the test data"

// For thousands of files that are made durable one by one; the ordinary place where there is none.
inline std::filesystem::path ram_disk() {
  return access("/dev/shm", W_OK) == 0 ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
}

// A fresh empty folder, removed at the end.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& where = std::filesystem::temp_directory_path()) {
    std::string pattern = (where / "hens_test_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace hens::test
