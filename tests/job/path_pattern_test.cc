// Which percent signs of a path are fields.
#include "job/path_pattern.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/test_data.h"

namespace hens {
namespace {

const Time time = parse_time("2024-03-05T06:30");

TEST(PathPattern, FieldsOfStrftimeAreFilled) {
  EXPECT_EQ(filled_path("/a/%Y%m%d%H.nc", time), "/a/2024030506.nc");
  EXPECT_EQ(filled_path("/a/%Y-%j/%b_%-d_%H%M.nc", time), "/a/2024-065/Mar_5_0630.nc");
  EXPECT_EQ(filled_path("s3://bucket/%Y/%m/%d/%H00.nc", time), "s3://bucket/2024/03/05/0600.nc");
  EXPECT_EQ(filled_path("https://host/%Y%m%d00.nc", time), "https://host/2024030500.nc");
  EXPECT_EQ(filled_path("plain.nc", time), "plain.nc");
}

TEST(PathPattern, OtherPercentSignsStay) {
  EXPECT_EQ(filled_path("/a/100%.nc", time), "/a/100%.nc");
  EXPECT_EQ(filled_path("/a/a%20b.nc", time), "/a/a%20b.nc");
  EXPECT_EQ(filled_path("/a/%", time), "/a/%");
  EXPECT_EQ(filled_path("/a/%%Y_%Y.nc", time), "/a/%Y_2024.nc");
  EXPECT_EQ(filled_path("file:///a%20b/caf%C3%A9_%Y.nc", time), "file:///a%20b/caf%C3%A9_2024.nc");
  EXPECT_EQ(filled_path("file:///100%25/%b2.nc", time), "file:///100%25/%b2.nc") << "a byte of the URL";
}

TEST(PathPattern, AFileOfThatNameIsMeant) {
  const test::TemporaryFolder folder;
  publish_file(folder / "%d.nc", "");
  EXPECT_EQ(filled_path((folder / "%d.nc").string(), time), (folder / "%d.nc").string());
  EXPECT_EQ(filled_path((folder / "%m.nc").string(), time), (folder / "03.nc").string());
  publish_file(folder / "100%d/50%_done.nc", "");
  EXPECT_EQ(filled_path(as_pattern((folder / "100%d").string()) + "/50%_done.nc", time),
            (folder / "100%d/50%_done.nc").string());
}

TEST(PathPattern, AFolderHasNoFields) {
  EXPECT_EQ(filled_path(as_pattern("/runs/100%d/%Y") + "/%Y.nc", time), "/runs/100%d/%Y/2024.nc");
}

}  // namespace
}  // namespace hens
