// Zarr v3 stores as fields: what is written by others as the format has it, and what lies about itself.

#include "base/checksum.h"
#include "source/cf_fields.h"
#include "source/source_fixtures.h"
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
    return open()->read({channels_, 0, time, wanted, 9.80665}, use);
  }
  std::unique_ptr<FieldFile> open(const ForecastChoice& choice = {}) {
    return open_zarr_fields(std::make_shared<ZarrFolder>(store_, "truth.zarr"), "truth.zarr", choice);
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
      {"/codecs", {{{"name", "bytes"}, {"configuration", {{"endian", "middle"}}}}}},
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
  EXPECT_THAT(error_text([&] { open_zarr_fields(std::make_shared<ZarrFolder>(folder_.path(), "x"), "x"); },
                         ExitCode::bad_input),
              HasSubstr("no Zarr store"));
}

// What xarray's stores of format 3 have beside hens': levels gathered, packed numbers, the mark of a missing value in
// base64, the members' numbers.
TEST_F(ZarrTest, LevelsMembersAndPackingAsXarrayWritesThem) {
  put_axis("level", {1000, 500}, "hPa");
  put_axis("number", {4, 9});
  put_axis("prediction_timedelta", {0, 6}, "hours");
  std::vector<int16_t> packed(2 * 2 * 2 * 2 * 40);
  for (size_t k = 0; k < packed.size(); ++k) packed[k] = static_cast<int16_t>(k);
  nlohmann::json json =
      metadata({2, 2, 2, 2, 5, 8}, {"number", "time", "prediction_timedelta", "level", "lat", "lon"}, "int16");
  json["attributes"] = {{"units", "m2 s-2"}, {"scale_factor", 0.5}, {"add_offset", 50000.0}};
  write_bytes(store_ / "geopotential/zarr.json", json.dump());
  write_bytes(store_ / "geopotential/c.0.0.0.0.0.0", raw(packed));
  const std::vector<std::string> z500{"z500"};
  const auto first = [&](const ForecastChoice& choice, Time time) {
    FileUse use;
    const auto field = open(choice)->read({z500, 0, time, grid, 9.80665}, use);
    return field ? field->front() : -1.0f;
  };
  // 40 points a level, the second of two; leads of 80, times of 160, members of 320.
  const auto at = [](size_t number) { return 50000.0f + 0.5f * static_cast<float>(number); };
  EXPECT_EQ(first({.member = 9, .lead_time = {}}, new_year), at(320 + 40));
  EXPECT_EQ(first({.member = 4, .lead_time = {}}, new_year + std::chrono::hours(6)), at(160 + 40))
      << "the shortest lead";
  EXPECT_EQ(first({.member = 4, .lead_time = std::chrono::hours(6)}, new_year + std::chrono::hours(6)), at(80 + 40));
  EXPECT_EQ(first({.member = 4, .lead_time = std::chrono::hours(12)}, new_year + std::chrono::hours(6)), -1.0f);
  EXPECT_EQ(first({.member = 5, .lead_time = {}}, new_year), -1.0f) << "numbers, not places";
  EXPECT_THAT(error_text([&] { first({}, new_year); }, ExitCode::bad_input), HasSubstr("2 entries of 'number'"));

  json["attributes"]["_FillValue"] = 360;
  write_bytes(store_ / "geopotential/zarr.json", json.dump());
  EXPECT_TRUE(std::isnan(first({.member = 9, .lead_time = {}}, new_year)));
  json = metadata({2, 5, 8}, {"time", "lat", "lon"});
  json["attributes"]["_FillValue"] = "AAAAAABAb0A=";  // 250
  put_t2m(json, raw(values_));
  EXPECT_TRUE(std::isnan(read()->front()));
  EXPECT_EQ(read()->at(1), values_[1]);
}

// Python's json has NaN as a word.
TEST_F(ZarrTest, Format2WithAndWithoutConsolidatedMetadata) {
  fs::remove(store_ / "zarr.json");
  write_bytes(store_ / ".zgroup", R"({"zarr_format": 2})");
  const auto put = [&](const std::string& name, const std::string& shape, const std::string& type,
                       const std::string& attributes, const std::string& chunk, const std::string& bytes) {
    fs::remove_all(store_ / name);
    write_bytes(store_ / name / ".zarray",
                R"({"zarr_format": 2, "shape": [)" + shape + R"(], "chunks": [)" + shape + R"(], "dtype": ")" + type +
                    R"(", "order": "C", "filters": null, "compressor": null, "fill_value": NaN})");
    write_bytes(store_ / name / ".zattrs", attributes);
    write_bytes(store_ / name / chunk, bytes);
  };
  put("lat", "5", "<f8", R"({"_ARRAY_DIMENSIONS": ["lat"]})", "0", raw(grid.lat));
  put("lon", "8", "<f8", R"({"_ARRAY_DIMENSIONS": ["lon"]})", "0", raw(grid.lon));
  put("time", "2", "<i8", R"({"_ARRAY_DIMENSIONS": ["time"], "units": "hours since 2024-01-01"})", "0",
      raw(std::vector<int64_t>{0, 6}));
  put("2m_temperature", "2, 5, 8", "<f4",
      R"({"_ARRAY_DIMENSIONS": ["time", "lat", "lon"], "units": "K", "missing_value": NaN, "valid_max": Infinity,
          "comment": "a \"NaN\" \\"})",
      "0.0.0", raw(values_));
  const std::vector<float> second(values_.begin() + 40, values_.end());
  EXPECT_EQ(read(new_year + std::chrono::hours(6)), second);
  nlohmann::json all;
  for (const char* name : {"lat", "lon", "time", "2m_temperature"}) {
    const auto of = [&](const std::string& file) {
      std::string text = read_file(store_ / name / file);
      for (const std::string word : {": NaN", ": Infinity"}) {
        if (const size_t at = text.find(word); at != text.npos) text.replace(at, word.size(), ": 9999");
      }
      return nlohmann::json::parse(text);
    };
    all["metadata"][std::string(name) + "/.zarray"] = of(".zarray");
    all["metadata"][std::string(name) + "/.zattrs"] = of(".zattrs");
    fs::remove(store_ / name / ".zarray");
  }
  EXPECT_EQ(read(), std::nullopt) << "arrays without metadata are none";
  write_bytes(store_ / ".zmetadata", all.dump());
  EXPECT_EQ(read(new_year + std::chrono::hours(6)), second);
}

TEST_F(ZarrTest, AMemberIsOneOfAStoreOfMembers) {
  put_t2m(t2m(), raw(values_));
  FileUse use;
  const auto read_member = [&] {
    open({.member = 3, .lead_time = {}})->read({channels_, 0, new_year, grid, 9.8}, use);
  };
  EXPECT_THAT(error_text(read_member, ExitCode::bad_input), HasSubstr("no dimension of members"));
}

// Writers leave out chunks that consist of the fill value: in coordinates that is a value.
TEST_F(ZarrTest, ACoordinateMayHaveLeftOutItsZeros) {
  put_t2m(t2m(), raw(values_));
  nlohmann::json json = metadata({1}, {"time"}, "int64");
  json["attributes"]["units"] = "hours since 2024-01-01";
  write_bytes(store_ / "time/zarr.json", json.dump());
  fs::remove(store_ / "time/c.0");
  EXPECT_EQ(read(), std::vector<float>(values_.begin(), values_.begin() + 40));
}

TEST_F(ZarrTest, BigEndianNumbersAndEveryCodec) {
  nlohmann::json json = t2m();
  json["codecs"][0]["configuration"]["endian"] = "big";
  std::string swapped = raw(values_);
  for (size_t k = 0; k < swapped.size(); k += 4) std::reverse(swapped.begin() + k, swapped.begin() + k + 4);
  put_t2m(json, swapped);
  EXPECT_EQ(read(), std::vector<float>(values_.begin(), values_.begin() + 40));
  json = t2m();
  json["codecs"].push_back("crc32c");
  put_t2m(json, with_crc(raw(values_)));
  EXPECT_TRUE(read()) << "a codec may be its name alone";
  json["codecs"] = {{{"name", "transpose"}, {"configuration", {{"order", {2, 1, 0}}}}}, {{"name", "bytes"}}};
  put_t2m(json, raw(values_));
  EXPECT_THAT(read_error(), HasSubstr("transpose"));
  json["codecs"] = {{{"name", "bytes"}}, {{"name", "lzma"}}};
  put_t2m(json, raw(values_));
  EXPECT_THAT(read_error(), AllOf(HasSubstr("'lzma'"), HasSubstr("zstd")));
}

TEST_F(ZarrTest, NamesThatLeadOutOfTheStoreAreNoArrays) {
  nlohmann::json root{{"zarr_format", 3}, {"node_type", "group"}};
  nlohmann::json& arrays = root["consolidated_metadata"]["metadata"];
  for (const char* name : {"lat", "lon", "time"}) {
    arrays[name] = nlohmann::json::parse(read_file(store_ / name / "zarr.json"));
  }
  write_bytes(folder_ / "t2m/c.0.0.0", raw(values_));
  for (const char* name : {"../t2m", "/etc/t2m", "..", ".t2m", "t2m/../../t2m", ""}) arrays[name] = t2m();
  write_bytes(store_ / "zarr.json", root.dump());
  EXPECT_EQ(read(), std::nullopt);
  arrays["t2m"] = t2m();
  write_bytes(store_ / "zarr.json", root.dump());
  fs::create_directory_symlink("../../t2m", store_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "t2m", store_ / "t2m");
  EXPECT_THAT(read_error(), HasSubstr("leads out of the store"));
  fs::remove(store_ / "t2m");
  fs::rename(folder_ / "t2m", store_ / "t2m_2");
  fs::create_directory_symlink("t2m_2", store_ / "t2m");
  EXPECT_TRUE(read()) << "a link within the store";
}

TEST_F(ZarrTest, SeveralMembersAreNoTruth) {
  nlohmann::json json = metadata({2, 2, 5, 8}, {"ensemble", "time", "lat", "lon"});
  put_t2m(json, raw(values_), "c.0.0.0.0");
  EXPECT_THAT(read_error(), HasSubstr("2 entries of 'ensemble'"));
}

}  // namespace
}  // namespace hens
