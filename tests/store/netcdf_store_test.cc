#include "store/netcdf_store.h"

#include <chrono>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using test::toy_field;
using test::toy_layout;

class NetcdfStore : public testing::TestWithParam<Compression> {
 protected:
  const test::TemporaryFolder folder;
  const StoreLayout layout = toy_layout(StoreFormat::netcdf, GetParam());
  const std::unique_ptr<Store> store = open_store(folder / "s", layout);
};
INSTANTIATE_TEST_SUITE_P(Codecs, NetcdfStore, testing::Values(Compression::none, Compression::zstd),
                         [](const auto& info) { return info.param == Compression::none ? "none" : "deflate"; });

TEST_P(NetcdfStore, GivesBackEachField) {
  test::write_all(*store);
  for (int v = 0; v < 2; ++v) {
    for (int lead = 0; lead < 3; ++lead) EXPECT_EQ(store->read(v, 1, 1, lead), toy_field(layout, v, 1, 1, lead));
  }
}

TEST_P(NetcdfStore, IsOneFileAMemberNamedAfterItsTime) {
  const std::vector<StoredFile> files = test::write_member(*store, 1, 0);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path, "20240229T12_member_0000.nc");
  EXPECT_EQ(files[0].bytes, fs::file_size(folder / "s/20240229T12_member_0000.nc"));
  EXPECT_EQ(files[0].sha256, sha256_file(folder / "s/20240229T12_member_0000.nc"));
  EXPECT_EQ(test::contents(folder.path()).size(), 1U) << "no scratch file stays";
}

TEST_P(NetcdfStore, HasTheSameBytesASecondLaterInAnotherPlace) {
  test::write_member(*store, 0, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // HDF5 knows times to the second
  const auto other = open_store(folder / "deeper/other", layout);
  test::write_member(*other, 0, 0);
  EXPECT_EQ(test::contents(folder / "s"), test::contents(folder / "deeper/other"));
}

TEST(NetcdfStoreDamage, InAFieldIsNoticed) {
  const test::TemporaryFolder folder;
  const StoreLayout layout = toy_layout(StoreFormat::netcdf);
  const auto store = open_store(folder / "s", layout);
  test::write_member(*store, 0, 0);
  const fs::path path = folder / "s" / store->member_files(0, 0)[0];
  const std::string bytes = read_file(path);
  const std::vector<float> field = toy_field(layout, 1, 0, 0, 2);
  const size_t size = field.size() * sizeof(float);
  const size_t start = bytes.find(std::string(reinterpret_cast<const char*>(field.data()), size));
  ASSERT_NE(start, std::string::npos) << "uncompressed fields lie in the file as they are";
  for (size_t k = start; k < start + size; ++k) {
    std::string damaged = bytes;
    damaged[k] = static_cast<char>(damaged[k] ^ 0x01);
    test::overwrite(path, damaged);
    try {
      store->read(1, 0, 0, 2);
      ADD_FAILURE() << "byte " << k << " of the file is wrong and was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_input);
      EXPECT_THAT(error.what(), testing::HasSubstr(path.string()));
    }
  }
}

TEST(NetcdfStoreDamage, RubbishIsNotRead) {
  const test::TemporaryFolder folder;
  const auto store = open_store(folder / "s", toy_layout(StoreFormat::netcdf));
  for (const std::string& rubbish : {std::string(), std::string(5000, 'x'), std::string("\x89HDF\r\n\x1a\n")}) {
    test::overwrite(folder / "s" / store->member_files(0, 0)[0], rubbish);
    EXPECT_THROW(store->read(0, 0, 0, 0), Error);
  }
}

// HDF5 dumped its stack on stderr before the one message that helps, from every thread but the first.
TEST(NetcdfStoreDamage, IsToldByUsAloneInEveryThread) {
  const test::TemporaryFolder folder;
  const auto store = open_store(folder / "s", toy_layout(StoreFormat::netcdf));
  test::write_member(*store, 0, 0);
  const fs::path path = folder / "s" / store->member_files(0, 0)[0];
  test::overwrite(path, read_file(path).substr(0, 3000));
  testing::internal::CaptureStderr();
  std::thread([&] { EXPECT_THROW(store->read(0, 0, 0, 0), Error); }).join();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_P(NetcdfStore, AMissingFileIsMissing) {
  try {
    store->read(0, 0, 0, 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::missing_input);
  }
}

}  // namespace
}  // namespace hens
