// hens describe: whole packages, and packages that lack or spoil any of their parts.
#include "package/describe.h"

#include "base/checksum.h"
#include "support/package_support.h"

namespace hens::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Describe, TellsWhatAWholePackageHolds) {
  TemporaryFolder folder;
  write_synthetic_package(folder.path(), tiny, 1);
  const auto d = describe_json(folder.path());
  EXPECT_TRUE(d["complete"]) << d.dump(1);
  EXPECT_TRUE(d["missing"].empty());
  EXPECT_TRUE(d["problems"].empty());
  EXPECT_EQ(d["digest"], package_digest(folder.path()));
  EXPECT_EQ(d["grid"]["nlat"], 13);
  EXPECT_EQ(d["network"]["embed_dim"], 4);
  EXPECT_EQ(d["network"]["input_channels"], 110);
  EXPECT_EQ(d["channels"].size(), 74u);
  EXPECT_EQ(d["parameters"], open_package(folder.path()).parameters());
  EXPECT_EQ(d["checkpoint"]["format"], "zip");
  EXPECT_EQ(d["files"].size(), 6u);
  EXPECT_EQ(d["files"][5]["sha256"], sha256_file(folder / "training_checkpoints/best_ckpt_mp0.tar"));
  EXPECT_EQ(d["files"][5]["bytes"], fs::file_size(folder / "training_checkpoints/best_ckpt_mp0.tar"));
  const std::string text = describe_text(d);
  EXPECT_THAT(text, HasSubstr("state       complete\n"));
  EXPECT_THAT(text, HasSubstr("74: u10m v10m u100m"));
  EXPECT_THAT(text, HasSubstr(d["digest"].get<std::string>()));
}

TEST(Describe, NamesAllThatIsMissing) {
  TemporaryFolder folder;
  write_synthetic_package(folder.path(), tiny, 1);
  fs::remove(folder / "orography.nc");
  fs::remove(folder / "training_checkpoints/best_ckpt_mp0.tar");
  auto d = describe_json(folder.path());
  EXPECT_FALSE(d["complete"]);
  EXPECT_EQ(d["missing"], (nlohmann::ordered_json{"orography.nc", "training_checkpoints/best_ckpt_mp0.tar"}));
  EXPECT_TRUE(d["digest"].is_null());
  EXPECT_TRUE(d["parameters"].is_null());
  EXPECT_EQ(d["channels"].size(), 74u);
  EXPECT_THAT(describe_text(describe_json(folder.path())),
              HasSubstr("missing\n  orography.nc\n  training_checkpoints/best_ckpt_mp0.tar\n"));

  TemporaryFolder empty;
  d = describe_json(empty.path());
  EXPECT_EQ(d["missing"].size(), 6u);
  EXPECT_TRUE(d["grid"].is_null());
  EXPECT_THAT(describe_text(d), HasSubstr("not usable"));
  EXPECT_THAT(error_of([&] { describe_json(empty / "none"); }, ExitCode::missing_input), HasSubstr("no such folder"));
}

TEST(Describe, NamesAllThatIsWrong) {
  TemporaryFolder folder;
  write_synthetic_package(folder.path(), tiny, 1);
  put_file(folder / "global_means.npy", "nothing");
  put_file(folder / "land_mask.nc", "nothing");
  auto config = nlohmann::ordered_json::parse(read_file(folder / "config.json"));
  config["num_layers"] = 3;
  put_file(folder / "config.json", config.dump());
  const auto d = describe_json(folder.path());
  EXPECT_FALSE(d["complete"]);
  EXPECT_TRUE(d["missing"].empty());
  const std::string problems = d["problems"].dump();
  EXPECT_THAT(problems, HasSubstr("global_means.npy: is no .npy file"));
  EXPECT_THAT(problems, HasSubstr("land_mask.nc: cannot be read as netCDF"));
  EXPECT_THAT(problems, HasSubstr("blocks.2.filter.filter.weight is missing"));
  put_file(folder / "config.json", "{");
  EXPECT_THAT(describe_json(folder.path())["problems"].dump(), HasSubstr("config.json: is no JSON"));
}

// A flipped byte of a weight made other forecasts and a description without a word of it.
TEST(Describe, NamesATensorWhoseBytesAreDamaged) {
  TemporaryFolder folder;
  write_synthetic_package(folder.path(), tiny, 1);
  flip_byte_of_weights(folder.path());
  const auto d = describe_json(folder.path());
  EXPECT_FALSE(d["complete"]);
  EXPECT_TRUE(d["digest"].is_null());
  EXPECT_THAT(d["problems"].dump(), AllOf(HasSubstr("best_ckpt_mp0.tar"), HasSubstr("does not have its CRC")));
}

}  // namespace
}  // namespace hens::test
