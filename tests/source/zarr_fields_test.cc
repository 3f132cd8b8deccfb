// Zarr v3 stores as fields: what is written by others as the format has it, and what lies about itself.

#include "source/zarr_fields.h"

#include "base/checksum.h"
#include "source/source_fixtures.h"
#include "source/zarr_array.h"
#include "support/compare.h"

namespace hens {
namespace {

using test::error_text;
using test::write_bytes;
using ::testing::HasSubstr;

const LatLonGrid grid = equiangular_grid(5, 8);
const Time new_year = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);

template <typename T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string with_crc(const std::string& bytes) {
  return bytes + raw(std::vector{crc32c(std::as_bytes(std::span(bytes)))});
}

// Metadata of an array with one chunk of all of it, unless changed.
nlohmann::json metadata(const std::vector<size_t>& shape, const std::vector<std::string>& names,
                        const std::string& type = "float32") {
  return {{"zarr_format", 3},
          {"node_type", "array"},
          {"shape", shape},
          {"data_type", type},
          {"chunk_grid", {{"name", "regular"}, {"configuration", {{"chunk_shape", shape}}}}},
          {"chunk_key_encoding", {{"name", "default"}, {"configuration", {{"separator", "."}}}}},
          {"fill_value", 0},
          {"codecs", {{{"name", "bytes"}, {"configuration", {{"endian", "little"}}}}}},
          {"dimension_names", names},
          {"attributes", nlohmann::json::object()}};
}

nlohmann::json sharding(const std::vector<size_t>& inner) {
  const nlohmann::json bytes{{"name", "bytes"}, {"configuration", {{"endian", "little"}}}}, crc{{"name", "crc32c"}};
  return {{{"name", "sharding_indexed"},
           {"configuration",
            {{"chunk_shape", inner}, {"codecs", {bytes}}, {"index_codecs", {bytes, crc}}, {"index_location", "end"}}}}};
}

class ZarrTest : public ::testing::Test {
 protected:
  ZarrTest() {
    write_bytes(store_ / "zarr.json", R"({"zarr_format":3,"node_type":"group"})");
    put_axis("lat", grid.lat), put_axis("lon", grid.lon);
    put_axis("time", {0.0, 6.0}, "hours since 2024-01-01");
    for (size_t k = 0; k < 2 * grid.points(); ++k) values_.push_back(250.0f + static_cast<float>(k));
  }

  void put_axis(const std::string& name, const std::vector<double>& values, const std::string& units = "") {
    nlohmann::json json = metadata({values.size()}, {name}, "float64");
    json["attributes"]["units"] = units;
    write_bytes(store_ / name / "zarr.json", json.dump());
    write_bytes(store_ / name / "c.0", raw(values));
  }
  void put_t2m(const nlohmann::json& json, const std::string& chunk, const std::string& name = "c.0.0.0") {
    write_bytes(store_ / "t2m/zarr.json", json.dump());
    write_bytes(store_ / "t2m" / name, chunk);
  }
  nlohmann::json t2m() const { return metadata({2, 5, 8}, {"time", "lat", "lon"}); }

  std::optional<std::vector<float>> read(Time time = new_year, const LatLonGrid& wanted = grid) {
    FileUse use;
    return open_zarr_fields(store_, "truth.zarr")->read({channels_, 0, time, wanted, 9.80665}, use);
  }
  std::string read_error() {
    return error_text([&] { read(); }, ExitCode::bad_input);
  }

  test::TemporaryFolder folder_;
  fs::path store_ = folder_ / "truth.zarr";
  std::vector<float> values_;  // [time, lat, lon]
  const std::vector<std::string> channels_{"t2m"};
};

TEST_F(ZarrTest, OneChunk) {
  put_t2m(t2m(), raw(values_));
  const std::vector<float> second(values_.begin() + 40, values_.end());
  EXPECT_EQ(read(new_year + std::chrono::hours(6)), second);
  EXPECT_EQ(read(new_year + std::chrono::hours(12)), std::nullopt);
}

TEST_F(ZarrTest, CoarserGridsTakeTheirPoints) {
  put_t2m(t2m(), raw(values_));
  const LatLonGrid coarse = equiangular_grid(3, 4);
  EXPECT_EQ(read(new_year, coarse)->at(5), values_[size_t{2} * 8 + 2]);
  EXPECT_THAT(error_text([&] { read(new_year, equiangular_grid(4, 8)); }, ExitCode::bad_input),
              HasSubstr("truth.zarr"));
}

// Chunks of 3 x 5 of 5 x 8 points: those at the ends are longer than the array.
TEST_F(ZarrTest, ChunksBeyondTheArraysEnds) {
  nlohmann::json json = t2m();
  json["chunk_grid"]["configuration"]["chunk_shape"] = {1, 3, 5};
  json["chunk_key_encoding"]["configuration"]["separator"] = "/";
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 2; ++j) {
      std::vector<float> chunk(15, -1.0f);
      for (size_t row = 0; row < 3; ++row) {
        for (size_t column = 0; column < 5; ++column) {
          const size_t r = i * 3 + row, c = j * 5 + column;
          if (r < 5 && c < 8) chunk[row * 5 + column] = values_[r * 8 + c];
        }
      }
      put_t2m(json, raw(chunk), fmt::format("c/0/{}/{}", i, j));
    }
  }
  EXPECT_EQ(read(), std::vector<float>(values_.begin(), values_.begin() + 40));
  fs::remove(store_ / "t2m/c/0/1/0");
  EXPECT_EQ(read(), std::nullopt) << "a chunk that was never written is no field";
}

TEST_F(ZarrTest, ShardsAreHeldAgainstTheirIndex) {
  nlohmann::json json = t2m();
  json["codecs"] = sharding({1, 5, 8});
  const auto shard = [&](std::vector<uint64_t> index) { return raw(values_) + with_crc(raw(index)); };
  put_t2m(json, shard({0, 160, 160, 160}));
  EXPECT_EQ(read(), std::vector<float>(values_.begin(), values_.begin() + 40));
  put_t2m(json, shard({~uint64_t{0}, ~uint64_t{0}, 160, 160}));
  EXPECT_EQ(read(), std::nullopt);
  for (const std::vector<uint64_t>& index : std::vector<std::vector<uint64_t>>{
           {1000, 160, 160, 160}, {0, ~uint64_t{0}, 160, 160}, {0, 159, 160, 160}, {~uint64_t{0}, 160, 160, 160}}) {
    put_t2m(json, shard(index));
    EXPECT_THAT(read_error(), HasSubstr("t2m"));
  }
  std::string damaged = shard({0, 160, 160, 160});
  damaged[330] ^= 1;
  put_t2m(json, damaged);
  EXPECT_THAT(read_error(), HasSubstr("checksum"));
  put_t2m(json, "short");
  EXPECT_THAT(read_error(), HasSubstr("too short"));
}

TEST_F(ZarrTest, MetadataThatLiesTakesNoMemory) {
  const std::vector<std::pair<const char*, nlohmann::json>> lies{
      {"/shape", {2, 5, uint64_t{1} << 40}},
      {"/shape", {2, 5}},
      {"/shape", "all"},
      {"/chunk_grid/configuration/chunk_shape", {2, 5, 0}},
      {"/chunk_grid/configuration/chunk_shape", {100'000'000, 100'000'000, 100'000'000}},
      {"/chunk_grid/configuration/chunk_shape", {2, 5, -1}},
      {"/data_type", "complex64"},
      {"/dimension_names", {"time", "lat"}},
      {"/dimension_names", {"time", "a", "b"}},
      {"/codecs", {{{"name", "gzip"}}}},
      {"/codecs", {{{"name", "bytes"}, {"configuration", {{"endian", "big"}}}}}},
      {"/zarr_format", 2}};
  for (const auto& [where, what] : lies) {
    nlohmann::json json = t2m();
    json[nlohmann::json::json_pointer(where)] = what;
    put_t2m(json, raw(values_));
    EXPECT_THAT(read_error(), HasSubstr("truth.zarr")) << where << " " << what;
  }
  nlohmann::json longer = t2m();
  longer["shape"] = {9, 5, 8};  // times that the coordinate does not have are never asked for; others are
  put_t2m(longer, raw(values_));
  EXPECT_TRUE(read());
  nlohmann::json shards = t2m();
  shards["codecs"] = sharding({1, 1, 3});
  put_t2m(shards, raw(values_));
  EXPECT_THAT(read_error(), HasSubstr("do not fit"));
}

TEST_F(ZarrTest, ChunksThatLieAreRefused) {
  put_t2m(t2m(), raw(values_) + "x");
  EXPECT_THAT(read_error(), HasSubstr("321 bytes instead of 320"));
  put_t2m(t2m(), std::string(10'000, 'x'));
  EXPECT_THAT(read_error(), HasSubstr("too long"));
  for (const char* codec : {"blosc", "zstd"}) {
    nlohmann::json json = t2m();
    json["codecs"].push_back({{"name", codec}});
    put_t2m(json, raw(values_));
    EXPECT_THAT(read_error(), HasSubstr("damaged")) << codec;
  }
  nlohmann::json json = t2m();
  json["codecs"].push_back({{"name", "crc32c"}});
  put_t2m(json, with_crc(raw(values_)));
  EXPECT_TRUE(read());
  put_t2m(json, "abc");
  EXPECT_THAT(read_error(), HasSubstr("too short"));
}

TEST_F(ZarrTest, UnitsAndAxes) {
  nlohmann::json json = t2m();
  json["attributes"]["units"] = "degC";
  put_t2m(json, raw(values_));
  EXPECT_NEAR(read()->front(), 250.0 + 273.15, 1e-4);
  json["attributes"]["units"] = "furlong";
  put_t2m(json, raw(values_));
  EXPECT_THAT(read_error(), HasSubstr("furlong"));
  put_t2m(t2m(), raw(values_));
  put_axis("lat", {90, 45, 0, -45});
  EXPECT_THAT(read_error(), HasSubstr("coordinates do not fit"));
  put_axis("lat", grid.lat);
  put_axis("time", {0.0, 6.0}, "fortnights");
  EXPECT_THAT(read_error(), HasSubstr("fortnights"));
  fs::remove_all(store_ / "t2m");
  put_axis("time", {0.0, 6.0}, "hours since 2024-01-01");
  EXPECT_EQ(read(), std::nullopt);
  EXPECT_THAT(error_text([&] { open_zarr_fields(folder_.path(), "x"); }, ExitCode::bad_input), HasSubstr("no Zarr v3"));
}

TEST_F(ZarrTest, SeveralMembersAreNoTruth) {
  nlohmann::json json = metadata({2, 2, 5, 8}, {"ensemble", "time", "lat", "lon"});
  put_t2m(json, raw(values_), "c.0.0.0.0");
  EXPECT_THAT(read_error(), HasSubstr("2 entries of 'ensemble'"));
}

}  // namespace
}  // namespace hens
