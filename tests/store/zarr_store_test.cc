#include "store/zarr_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using nlohmann::json;
using test::toy_field;
using test::toy_layout;

class ZarrStore : public testing::TestWithParam<Compression> {
 protected:
  const test::TemporaryFolder folder;
  const StoreLayout layout = toy_layout(StoreFormat::zarr, GetParam());
};
INSTANTIATE_TEST_SUITE_P(Codecs, ZarrStore, testing::Values(Compression::none, Compression::lz4, Compression::zstd),
                         [](const auto& info) { return test::name_of(info.param); });

TEST_P(ZarrStore, GivesBackEachField) {
  const auto store = open_store(folder / "s.zarr", layout);
  test::write_all(*store);
  for (int v = 0; v < 2; ++v) {
    for (int time = 0; time < 2; ++time) {
      for (int member = 0; member < 2; ++member) {
        for (int lead = 0; lead < 3; ++lead) {
          EXPECT_EQ(store->read(v, time, member, lead), toy_field(layout, v, time, member, lead));
        }
      }
    }
  }
}

TEST_P(ZarrStore, HoldsExactlyThePrescribedFilesAndThoseOfItsMembers) {
  const auto store = open_store(folder / "s.zarr", layout);
  test::write_all(*store);
  std::vector<std::string> expected;
  for (const PrescribedFile& file : store->prescribed_files()) expected.push_back(file.path);
  for (int time = 0; time < 2; ++time) {
    for (int member = 0; member < 2; ++member) {
      for (const std::string& name : store->member_files(time, member)) expected.push_back(name);
    }
  }
  std::vector<std::string> found;
  for (const auto& [name, bytes] : test::contents(folder / "s.zarr")) found.push_back(name);
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(expected));
}

TEST_P(ZarrStore, IsTheSameBytesInAnotherPlaceAndOrder) {
  const auto first = open_store(folder / "a.zarr", layout);
  test::write_all(*first);
  const auto second = open_store(folder / "deeper/b.zarr", layout);
  for (const int member : {1, 0}) {
    for (const int time : {1, 0}) test::write_member(*second, time, member);
  }
  second->publish_metadata();
  EXPECT_EQ(test::contents(folder / "a.zarr"), test::contents(folder / "deeper/b.zarr"));
}

TEST(ZarrStoreFiles, SaysWhichFilesAMemberLeft) {
  const test::TemporaryFolder folder;
  const auto store = open_store(folder / "s.zarr", toy_layout());
  const std::vector<StoredFile> files = test::write_member(*store, 1, 0);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, "u10m/c.0.1.0.0.0");
  EXPECT_EQ(files[1].path, "z500/c.0.1.0.0.0");
  EXPECT_EQ(files[1].sha256, sha256_file(folder / "s.zarr/z500/c.0.1.0.0.0"));
}

TEST(ZarrStoreMetadata, RootHoldsTheMetadataOfEachArray) {
  const test::TemporaryFolder folder;
  open_store(folder / "s.zarr", toy_layout(StoreFormat::zarr, Compression::zstd))->publish_metadata();
  const json root = json::parse(read_file(folder / "s.zarr/zarr.json"));
  EXPECT_EQ(root.at("zarr_format"), 3);
  EXPECT_EQ(root.at("node_type"), "group");
  EXPECT_EQ(root.at("attributes").at("title"), "toy");
  const json& consolidated = root.at("consolidated_metadata");
  EXPECT_EQ(consolidated.at("kind"), "inline");
  EXPECT_EQ(consolidated.at("must_understand"), false);
  EXPECT_EQ(consolidated.at("metadata").size(), 8U);  // six coordinates, two variables
  for (const auto& [name, metadata] : consolidated.at("metadata").items()) {
    EXPECT_EQ(json::parse(read_file(folder / "s.zarr" / name / "zarr.json")), metadata) << name;
  }
}

TEST(ZarrStoreMetadata, AVariableIsOneShardAMemberAndOneChunkAField) {
  const test::TemporaryFolder folder;
  open_store(folder / "s.zarr", toy_layout(StoreFormat::zarr, Compression::lz4))->publish_metadata();
  const json array = json::parse(read_file(folder / "s.zarr/z500/zarr.json"));
  const json expected = json::parse(R"({
    "zarr_format": 3, "node_type": "array", "data_type": "float32", "fill_value": "NaN",
    "shape": [2, 2, 3, 3, 4],
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 1, 3, 3, 4]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
    "codecs": [{"name": "sharding_indexed", "configuration": {
      "chunk_shape": [1, 1, 1, 3, 4],
      "codecs": [{"name": "bytes", "configuration": {"endian": "little"}},
                 {"name": "blosc", "configuration":
                   {"typesize": 4, "cname": "lz4", "clevel": 5, "shuffle": "shuffle", "blocksize": 0}},
                 {"name": "crc32c"}],
      "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
      "index_location": "end"}}],
    "attributes": {"standard_name": "geopotential", "long_name": "geopotential at 500 hPa", "units": "m2 s-2",
                   "coordinates": "valid_time"},
    "dimension_names": ["ensemble", "time", "lead_time", "lat", "lon"],
    "storage_transformers": []})");
  EXPECT_EQ(array, expected);
}

TEST(ZarrStoreMetadata, PublishingAgainMendsAndChangesNothingElse) {
  const test::TemporaryFolder folder;
  const auto store = open_store(folder / "s.zarr", toy_layout());
  store->publish_metadata();
  const auto before = test::contents(folder / "s.zarr");
  const auto untouched = fs::last_write_time(folder / "s.zarr/zarr.json");
  test::overwrite(folder / "s.zarr/lat/c.0", "rubbish");
  fs::remove(folder / "s.zarr/z500/zarr.json");
  store->publish_metadata();
  EXPECT_EQ(test::contents(folder / "s.zarr"), before);
  EXPECT_EQ(fs::last_write_time(folder / "s.zarr/zarr.json"), untouched);
}

}  // namespace
}  // namespace hens
