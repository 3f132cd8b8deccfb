// Where the tests find golden arrays and real analyses: $HENS_TEST_DATA, or `../shared` beside the checkout, else what
// the repository holds itself (tests/golden), which the build puts together in HENS_SHIPPED_DATA.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace hens::test {

inline std::filesystem::path data_root() {
  if (const char* given = std::getenv("HENS_TEST_DATA")) return given;
  const std::filesystem::path beside = std::filesystem::path(HENS_SOURCE_DIR).parent_path() / "shared";
  return std::filesystem::exists(beside / "golden") ? beside : std::filesystem::path(HENS_SHIPPED_DATA);
}

// `path`, or where only a part of that array is there, as of large ones in tests/golden, the part: NAME_some.npy.
inline std::filesystem::path whole_or_some(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) return path;
  return path.parent_path() / (path.stem().string() + "_some.npy");
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
