// Addresses and names of packages; what staging fetches is tested with servers (integration.program).
#include "forecast/stage.h"

#include <gtest/gtest.h>

namespace hens {
namespace {

TEST(Stage, AFileOfAPackageKeepsTheRegionAtTheEnd) {
  EXPECT_EQ(package_file_uri("s3://bucket/models/sfno?region=eu-west-1", "config.json"),
            "s3://bucket/models/sfno/config.json?region=eu-west-1");
  EXPECT_EQ(package_file_uri("s3://bucket/models/sfno", "config.json"), "s3://bucket/models/sfno/config.json");
  EXPECT_EQ(package_file_uri("hf://datasets/owner/name/sfno", "orography.nc"),
            "hf://datasets/owner/name/sfno/orography.nc");
}

TEST(Stage, NamesForPeopleAreTheLastPartOfTheAddress) {
  EXPECT_EQ(package_name("s3://bucket/models/sfno?region=eu-west-1"), "sfno");
  EXPECT_EQ(package_name("/models/sfno/"), "sfno");
  EXPECT_EQ(package_name("synth:mini?seed=102"), "synth_mini_seed102");
}

}  // namespace
}  // namespace hens
