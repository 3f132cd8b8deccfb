// A run of two members in one store, damaged in each way that files can be.
#include "run/verify.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

auto finding(const fs::path& path, const std::string& state) {
  return AllOf(Field(&Finding::path, path), Field(&Finding::state, state));
}

class Verify : public testing::TestWithParam<test::LayoutCase> {
 protected:
  Verify() {
    store->publish_metadata();
    expected.stores = {{"nsteps_0004/s", store.get()}};
    for (int member = 0; member < 2; ++member) {
      ExpectedMember entry{.marker = fmt::format("members/{}.json", member)};
      Marker marker;
      for (StoredFile file : test::write_member(*store, 0, member)) {
        file.path = "nsteps_0004/s/" + file.path;
        entry.files.emplace_back(file.path);
        marker.files.push_back(file);
      }
      publish_marker(root / entry.marker.string(), marker);
      members.push_back(entry);
    }
    publish_file(root / "run.json", "not of our business");
    expected.members = members.size();
    expected.member = [this](size_t number) { return members.at(number); };
    expected.find_marker = [this](std::string_view file) -> std::optional<size_t> {
      for (size_t k = 0; k < members.size(); ++k) {
        if (members[k].marker.filename() == file) return k;
      }
      return std::nullopt;
    };
  }

  // With `expected.marked` as a listing finds it.
  const ExpectedRun& listed() {
    expected.marked.assign(members.size(), false);
    for (size_t k = 0; k < members.size(); ++k) expected.marked[k] = fs::exists(root.path() / members[k].marker);
    return expected;
  }

  std::vector<Finding> verify(bool full = true) { return verify_run(root.path(), listed(), full); }

  // Damages one byte in the middle.
  void flip(const fs::path& path) const {
    std::string bytes = read_file(root.path() / path);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x04);
    test::overwrite(root.path() / path, bytes);
  }

  const test::TemporaryFolder root;
  const std::unique_ptr<Store> store = open_store(root / "nsteps_0004/s", test::toy_layout(GetParam()));
  std::vector<ExpectedMember> members;
  ExpectedRun expected;
};
INSTANTIATE_TEST_SUITE_P(Layouts, Verify, testing::ValuesIn(test::layout_cases),
                         [](const auto& info) { return info.param.name; });

TEST_P(Verify, FindsNothingInAWholeRun) { EXPECT_THAT(verify(), IsEmpty()); }

TEST_P(Verify, NamesEachFileThatIsFlippedTruncatedOrDeleted) {
  for (const ExpectedMember& member : members) {
    for (const fs::path& file : member.files) {
      const std::string bytes = read_file(root.path() / file);
      flip(file);
      EXPECT_THAT(verify(), ElementsAre(finding(file, "corrupt")));
      EXPECT_THAT(verify(false), IsEmpty()) << "sizes alone cannot tell";
      test::overwrite(root.path() / file, bytes.substr(1));
      EXPECT_THAT(verify(false), ElementsAre(finding(file, "corrupt")));
      fs::remove(root.path() / file);
      EXPECT_THAT(verify(), ElementsAre(finding(file, "missing")));
      test::overwrite(root.path() / file, bytes);
    }
  }
}

TEST_P(Verify, NamesDamagedMetadataAndCoordinates) {
  for (const PrescribedFile& file : store->prescribed_files()) {
    const fs::path path = fs::path("nsteps_0004/s") / file.path;
    flip(path);
    EXPECT_THAT(verify(false), ElementsAre(finding(path, "corrupt")));
    fs::remove(root.path() / path);
    EXPECT_THAT(verify(), ElementsAre(finding(path, "missing")));
    store->publish_metadata();
  }
}

TEST_P(Verify, AMemberWithoutMarkerIsOneFinding) {
  fs::remove(root / "members/1.json");
  fs::remove(root.path() / members[1].files[0]);
  EXPECT_THAT(verify(), ElementsAre(finding("members/1.json", "missing")));
}

TEST_P(Verify, NamesADamagedMarker) {
  flip("members/0.json");
  EXPECT_THAT(verify(), ElementsAre(finding("members/0.json", "corrupt")));
}

TEST_P(Verify, AMarkerThatListsTooLittleOrTooMuchIsCorrupt) {
  Marker marker = read_marker(root / "members/0.json");
  const StoredFile last = marker.files.back();
  marker.files.pop_back();
  publish_marker(root / "members/0.json", marker);
  EXPECT_THAT(verify(), ElementsAre(AllOf(finding("members/0.json", "corrupt"),
                                          Field(&Finding::detail, HasSubstr("does not list " + last.path)))));
  marker.files.push_back(last);
  marker.files.push_back({"../elsewhere", 1, ""});
  publish_marker(root / "members/0.json", marker);
  EXPECT_THAT(verify(), ElementsAre(AllOf(finding("members/0.json", "corrupt"),
                                          Field(&Finding::detail, HasSubstr("../elsewhere")))));
}

TEST_P(Verify, NamesWhatBelongsToNothing) {
  publish_file(root / "nsteps_0004/s/deep/stray", "x");
  publish_file(root / "members/7.json", "x");
  publish_file(root / ".run.json.12-0.tmp", "x");
  publish_file(root / "notes.txt", "the user's own, beside the stores");
  EXPECT_THAT(verify(), ElementsAre(finding(".run.json.12-0.tmp", "extra"), finding("members/7.json", "extra"),
                                    finding("nsteps_0004/s/deep/stray", "extra")));
}

// Names of members' files are known by their form: no other name may pass for one.
TEST_P(Verify, AlmostTheNameOfAMembersFileIsExtra) {
  const std::string good = members[1].files[0].string();
  const bool zarr = GetParam().format == StoreFormat::zarr;
  const size_t digit = zarr ? good.rfind("/c.") + 3 : good.find_last_of("01");  // the member's
  for (const std::string& name :
       {good + "x", good.substr(0, digit) + "7" + good.substr(digit + 1),
        good.substr(0, digit) + "01" + good.substr(digit + 1), good.substr(0, digit) + "-1" + good.substr(digit + 1)}) {
    publish_file(root / name, "x");
    EXPECT_THAT(verify(), ElementsAre(finding(name, "extra")));
    fs::remove(root / name);
  }
}

// Five million lines that say "missing" help nobody.
TEST_P(Verify, CountsMissingMembersBeyondAThousand) {
  for (int member = 2; member < 5000; ++member) {
    members.push_back({.marker = fmt::format("members/{}.json", member)});
  }
  expected.members = members.size();
  const std::vector<Finding> findings = verify();
  ASSERT_EQ(findings.size(), most_missing_members + 1);
  EXPECT_THAT(findings[0], AllOf(finding("members", "missing"),
                                 Field(&Finding::detail, HasSubstr("3998 more members are not complete, from 1002.json "
                                                                   "to 4999.json"))));
}

// `hens run` leaves such files alone, so what to do about them has to be said.
TEST_P(Verify, SaysToDeleteWhatBelongsToNothing) {
  publish_file(root / "members/7.json", "x");
  EXPECT_THAT(verify(), ElementsAre(Field(&Finding::detail, HasSubstr("delete it"))));
}

// "Run the job again" failed the same way each time.
TEST_P(Verify, SaysWhyAMemberFailed) {
  fs::remove(root / "members/0.json");
  members[0].failure = "not finite at step 1 (u10m)";
  EXPECT_THAT(verify(), ElementsAre(AllOf(finding("members/0.json", "missing"),
                                          Field(&Finding::detail, HasSubstr("failed: not finite at step 1 (u10m)")))));
}

TEST_P(Verify, FindsTheSameOnAnyNumberOfThreads) {
  flip(members[0].files[0]);
  fs::remove(root / "members/1.json");
  const std::vector<Finding> one = verify_run(root.path(), listed(), true, 1);
  EXPECT_EQ(one.size(), 2U);
  EXPECT_EQ(verify_run(root.path(), listed(), true, 4), one);
}

}  // namespace
}  // namespace hens
