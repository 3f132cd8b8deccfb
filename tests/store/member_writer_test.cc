// What a member's writer promises, in each format.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "job/spec_names.h"
#include "store/store.h"
#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using test::toy_field;
using test::toy_layout;

class MemberWriting : public testing::TestWithParam<StoreFormat> {
 protected:
  const test::TemporaryFolder folder;
  const StoreLayout layout = toy_layout(GetParam());
  const std::unique_ptr<Store> store = open_store(folder / "s", layout);
};
INSTANTIATE_TEST_SUITE_P(Formats, MemberWriting,
                         testing::Values(StoreFormat::zarr, StoreFormat::netcdf, StoreFormat::grib2),
                         [](const auto& info) { return name_of(info.param, format_names()); });

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
