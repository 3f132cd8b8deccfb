// What a member's writer promises, in each format.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "store/store.h"
#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using test::toy_field;
using test::toy_layout;

class MemberWriting : public testing::TestWithParam<test::LayoutCase> {
 protected:
  const test::TemporaryFolder folder;
  const StoreLayout layout = toy_layout(GetParam());
  const std::unique_ptr<Store> store = open_store(folder / "s", layout);
};
INSTANTIATE_TEST_SUITE_P(Layouts, MemberWriting, testing::ValuesIn(test::layout_cases),
                         [](const auto& info) { return info.param.name; });

TEST_P(MemberWriting, GivesBackEachFieldInEachCompression) {
  for (const Compression compression : {Compression::none, Compression::lz4, Compression::zstd}) {
    StoreLayout wanted = toy_layout(GetParam(), compression);
    wanted.variables = {"z500", "t2m", "z850", "u850"};
    const auto other = open_store(folder / test::name_of(compression), wanted);
    test::write_all(*other);
    for (int v = 0; v < 4; ++v) {
      for (int lead = 0; lead < 3; ++lead) {
        EXPECT_EQ(other->read(v, 1, 1, lead), toy_field(wanted, v, 1, 1, lead)) << v << " " << lead;
      }
    }
  }
}

TEST_P(MemberWriting, SaysItsFilesAndKnowsTheirNames) {
  const std::vector<StoredFile> files = test::write_member(*store, 1, 1);
  std::vector<std::string> names;
  for (const StoredFile& file : files) {
    names.push_back(file.path);
    EXPECT_EQ(file.sha256, sha256_file(folder / "s" / file.path));
    EXPECT_EQ(file.bytes, fs::file_size(folder / "s" / file.path));
    EXPECT_TRUE(store->is_member_file(file.path)) << file.path;
    EXPECT_FALSE(store->is_member_file(file.path + "0")) << "one lead, level or suffix too many";
    EXPECT_FALSE(store->is_member_file("x" + file.path));
  }
  EXPECT_EQ(names, store->member_files(1, 1));
  EXPECT_EQ(test::contents(folder.path()).size(), files.size()) << "nothing else stays";
  for (const PrescribedFile& file : store->prescribed_files()) EXPECT_FALSE(store->is_member_file(file.path));
  for (const char* other : {"", "/", "c.0", "u10m/", "u10m/c.", "u10m/c.0.0", "u10m/c.x.0.0.0.0", "u10m/c.2.0.0.0.0",
                            "u10m/c.0.2.0.0.0", "u10m/c.0.0.3.0.0", "u10m/c.0.0.0.0.1", "u10m/c.-1.0.0.0.0",
                            "u10m/c.00.0.0.0.0", "u10m/c.0.0.0.0", "u10m/c.99999999999999999999.0.0.0.0"}) {
    EXPECT_FALSE(store->is_member_file(other)) << other;
  }
}

TEST_P(MemberWriting, HasTheSameBytesInAnotherPlaceAndOrder) {
  test::write_all(*store);
  const auto other = open_store(folder / "deeper/other", layout);
  for (const int member : {1, 0}) {
    for (const int time : {1, 0}) test::write_member(*other, time, member);
  }
  other->publish_metadata();
  EXPECT_EQ(test::contents(folder / "s"), test::contents(folder / "deeper/other"));
}

TEST_P(MemberWriting, NoticesAFileCutShortOrEmptyOrMissing) {
  test::write_member(*store, 0, 0);
  const fs::path path = folder / "s" / store->member_files(0, 0)[0];
  const std::string whole = read_file(path);
  for (const std::string& damaged : {whole.substr(0, whole.size() / 2), std::string()}) {
    test::overwrite(path, damaged);
    EXPECT_THROW(store->read(0, 0, 0, 0), Error) << damaged.size();
  }
  fs::remove(path);
  try {
    store->read(0, 0, 0, 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::missing_input);
  }
}

TEST_P(MemberWriting, LeavesNoFileWhenAbandoned) {
  {
    const auto writer = store->member(0, 0);
    writer->append(0, 0, toy_field(layout, 0, 0, 0, 0));
    writer->append(1, 0, toy_field(layout, 1, 0, 0, 0));
  }
  EXPECT_TRUE(test::contents(folder.path()).empty());
}

TEST_P(MemberWriting, ShowsNoFileOfTheMemberBeforeItIsFinished) {
  const auto writer = store->member(0, 0);
  for (int lead = 0; lead < 3; ++lead) {
    for (int v = 0; v < 2; ++v) writer->append(v, lead, toy_field(layout, v, 0, 0, lead));
  }
  for (const std::string& name : store->member_files(0, 0)) EXPECT_FALSE(fs::exists(folder / "s" / name)) << name;
  writer->finish();
  for (const std::string& name : store->member_files(0, 0)) EXPECT_TRUE(fs::exists(folder / "s" / name)) << name;
}

TEST_P(MemberWriting, RefusesALeadOutOfOrderMissingOrTwice) {
  const auto writer = store->member(0, 0);
  const std::vector<float> field = toy_field(layout, 0, 0, 0, 0);
  EXPECT_THROW(writer->append(0, 1, field), std::logic_error);
  writer->append(0, 0, field);
  EXPECT_THROW(writer->append(0, 0, field), std::logic_error);
  EXPECT_THROW(writer->append(0, 1, std::span(field).first(11)), std::logic_error);
  writer->append(0, 1, field);
  writer->append(0, 2, field);
  EXPECT_THROW(writer->append(0, 3, field), std::logic_error);
  EXPECT_THROW(writer->finish(), std::logic_error) << "the second variable never came";
}

TEST_P(MemberWriting, ReplacesWhatAnEarlierAttemptLeft) {
  test::write_member(*store, 0, 1);
  const auto whole = test::contents(folder.path());
  for (const std::string& name : store->member_files(0, 1)) test::overwrite(folder / "s" / name, "half");
  test::write_member(*store, 0, 1);
  EXPECT_EQ(test::contents(folder.path()), whole);
}

TEST_P(MemberWriting, AFolderThatCannotBeMadeIsAnErrorThatNamesIt) {
  test::overwrite(folder / "s", "a file in the way");
  try {
    test::write_member(*store, 0, 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::cannot_create);
    EXPECT_THAT(error.what(), testing::HasSubstr((folder / "s").string()));
  }
}

}  // namespace
}  // namespace hens
