#include "run/marker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

Marker example() {
  Marker marker{.forecast_hash = "f", .run_identity = "r", .id = member_id(1, 2, 3, 4), .attempt = 5};
  marker.files = {{"a/b", 3, sha256_hex("abc")}};
  marker.timing = {{"total", 1.5}};
  return marker;
}

TEST(Marker, GivesBackWhatItWasGiven) {
  const test::TemporaryFolder folder;
  publish_marker(folder / "members/m.json", example());
  const Marker back = read_marker(folder / "members/m.json");
  EXPECT_EQ(back.forecast_hash, "f");
  EXPECT_EQ(back.run_identity, "r");
  EXPECT_EQ(back.id, member_id(1, 2, 3, 4));
  EXPECT_EQ(back.attempt, 5);
  EXPECT_EQ(back.files, example().files);
  EXPECT_EQ(back.timing, example().timing);
}

TEST(Marker, AnyFlippedByteIsNoticed) {
  const test::TemporaryFolder folder;
  publish_marker(folder / "m.json", example());
  const std::string bytes = read_file(folder / "m.json");
  size_t harmless = 0;
  for (size_t k = 0; k < bytes.size(); ++k) {
    for (const char flip : {'\x01', '\x20'}) {
      std::string damaged = bytes;
      damaged[k] = static_cast<char>(damaged[k] ^ flip);
      test::overwrite(folder / "m.json", damaged);
      try {
        EXPECT_EQ(read_marker(folder / "m.json").files, example().files) << "byte " << k;
        ++harmless;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::bad_input);
        EXPECT_THAT(error.what(), testing::HasSubstr("m.json"));
      }
    }
  }
  EXPECT_EQ(harmless, 0U) << "blanks between tokens cannot turn into other blanks by these flips";
}

TEST(Marker, ThatIsCutShortIsNoticed) {
  const test::TemporaryFolder folder;
  publish_marker(folder / "m.json", example());
  const std::string bytes = read_file(folder / "m.json");
  test::overwrite(folder / "m.json", bytes.substr(0, bytes.size() / 2));
  EXPECT_THROW(read_marker(folder / "m.json"), Error);
  test::overwrite(folder / "m.json", "");
  EXPECT_THROW(read_marker(folder / "m.json"), Error);
}

TEST(CheckFile, TellsGoodFromMissingShortAndWrong) {
  const test::TemporaryFolder folder;
  const StoredFile file = example().files[0];
  EXPECT_EQ(check_file(folder.path(), file, true), FileState::missing);
  test::overwrite(folder / "a/b", "abc");
  EXPECT_EQ(check_file(folder.path(), file, true), FileState::good);
  test::overwrite(folder / "a/b", "ab");
  EXPECT_EQ(check_file(folder.path(), file, false), FileState::wrong_size);
  test::overwrite(folder / "a/b", "abd");
  EXPECT_EQ(check_file(folder.path(), file, true), FileState::wrong_checksum);
  EXPECT_EQ(check_file(folder.path(), file, false), FileState::good) << "sizes alone cannot tell";
}

TEST(CheckFile, LooksAtNothingOutsideTheFolder) {
  const test::TemporaryFolder folder;
  test::overwrite(folder / "secret", "abc");
  fs::create_directory(folder / "run");
  const std::string digest = sha256_hex("abc");
  EXPECT_EQ(check_file(folder / "run", {"../secret", 3, digest}, true), FileState::missing);
  EXPECT_EQ(check_file(folder / "run", {(folder / "secret").string(), 3, digest}, true), FileState::missing);
}

}  // namespace
}  // namespace hens
