#include "base/read_ahead.h"

#include <fstream>

#include <gtest/gtest.h>

#include "support/test_data.h"

namespace hens {
namespace {

TEST(ReadAhead, EndsWhateverThePathIs) {
  const test::TemporaryFolder folder;
  const fs::path large = folder / "large", empty = folder / "empty";
  std::ofstream(large) << std::string(size_t{20} << 20, 'x');
  std::ofstream{empty};
  for (const fs::path& path : {large, empty, folder / "none", fs::path(folder / "")}) {
    const ReadAhead ahead(path);  // stopped on the way
  }
  EXPECT_EQ(fs::file_size(large), uintmax_t{20} << 20);
}

}  // namespace
}  // namespace hens
