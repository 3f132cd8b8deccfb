// Metadata of Zarr arrays, both formats: what is read out of them, and what is refused by name.

#include "source/zarr_layout.h"

#include "source/source_fixtures.h"

namespace hens {
namespace {

using nlohmann::json;
using test::error_text;
using ::testing::HasSubstr;

// As WeatherBench publishes ERA5: one time a chunk, all levels, blosc.
json era5() {
  return json::parse(R"({"zarr_format": 2, "shape": [92044, 13, 121, 240], "chunks": [1, 13, 121, 240], "dtype": "<f4",
    "order": "C", "filters": null, "fill_value": "NaN", "dimension_separator": ".",
    "compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}})");
}
json era5_attributes() {
  return json::parse(R"({"_ARRAY_DIMENSIONS": ["time", "level", "latitude", "longitude"], "units": "K"})");
}

ZarrLayout read(const json& array) { return zarr_layout_2(array, era5_attributes(), "era5.zarr/temperature"); }
std::string refusal(const json& array) {
  return error_text([&] { read(array); }, ExitCode::bad_input);
}

TEST(ZarrLayout, Era5AsWeatherBenchPublishesIt) {
  const ZarrLayout layout = read(era5());
  EXPECT_EQ(layout.shape, (std::vector<uint64_t>{92044, 13, 121, 240}));
  EXPECT_EQ(layout.dimensions, (std::vector<std::string>{"time", "level", "latitude", "longitude"}));
  EXPECT_EQ(layout.chunk_bytes(), 13u * 121 * 240 * 4);
  EXPECT_EQ(layout.key({7, 0, 0, 0}), "7.0.0.0");
  EXPECT_EQ(layout.attribute("units"), "K");
  ASSERT_EQ(layout.codecs.size(), 1u);
  EXPECT_EQ(layout.codecs[0].kind, ZarrCodecKind::blosc);
  EXPECT_TRUE(std::isnan(layout.fill_value));
  EXPECT_FALSE(layout.sharded);
  json nested = era5();
  nested["dimension_separator"] = "/";
  EXPECT_EQ(read(nested).key({7, 0, 0, 0}), "7/0/0/0");
}

TEST(ZarrLayout, TypesCompressorsAndFiltersOfFormat2) {
  for (const auto& [id, codecs] : std::vector<std::pair<json, size_t>>{
           {nullptr, 0}, {{{"id", "zstd"}}, 1}, {{{"id", "zlib"}}, 1}, {{{"id", "gzip"}}, 1}}) {
    json array = era5();
    array["compressor"] = id;
    EXPECT_EQ(read(array).codecs.size(), codecs) << id;
  }
  json packed = era5();
  packed["dtype"] = ">i2", packed["fill_value"] = -32767;
  const ZarrLayout layout = read(packed);
  EXPECT_TRUE(layout.type.big_endian && layout.fill_is_missing);
  EXPECT_EQ(layout.type.bytes, 2u);
  packed["fill_value"] = 0;
  EXPECT_FALSE(read(packed).fill_is_missing) << "0 is what arrays have whose maker said nothing";
  packed["fill_value"] = nullptr;
  EXPECT_FALSE(read(packed).fill_is_missing);
  EXPECT_EQ(read(packed).fill_value, 0) << "zarr-python leaves out the chunk of a time 0";
  json rounded = era5();
  rounded["filters"] = json::parse(R"([{"id": "bitround", "keepbits": 7}, {"id": "shuffle", "elementsize": 4}])");
  EXPECT_EQ(read(rounded).codecs.size(), 2u);
  json texts = era5();
  texts["dtype"] = "|O";
  EXPECT_FALSE(read(texts).numeric);
}

TEST(ZarrLayout, WhatIsNotReadIsNamed) {
  const std::vector<std::tuple<const char*, json, const char*>> refused{
      {"/order", "F", "order 'F', Fortran's"},
      {"/filters", json::parse(R"([{"id": "delta"}])"), "filter 'delta'"},
      {"/filters", json::parse(R"([{"id": "quantize", "dtype": "<f4", "astype": "<f2"}])"), "filter 'quantize'"},
      {"/filters", json::parse(R"([{"id": "shuffle", "elementsize": 0}])"), "elements of '0' bytes"},
      {"/filters", json::parse(R"([{"id": "shuffle", "elementsize": -4}])"), "elements of '-4' bytes"},
      {"/filters", "delta", "no short list"},
      {"/compressor", json::parse(R"({"id": "lzma"})"), "compressed by 'lzma'"},
      {"/compressor", json::parse(R"({"id": "lz4"})"), "compressed by 'lz4'"},
      {"/compressor", json::parse(R"({"level": 4})"), "not those of an array of Zarr v2"},
      {"/dtype", "<c8", "type '<c8'"},
      {"/dtype", "<f2", "type '<f2'"},
      {"/dtype", "<M8[ns]", "type '<M8[ns]'"},
      {"/dtype", json::parse(R"([["a", "<f4"]])"), "type '[["},
      {"/zarr_format", 3, "no array of Zarr v2"},
      {"/shape", json::parse("[1, 2, 3]"), "another rank"},
      {"/shape", json::parse("[1, 2, 3, -4]"), "'-4' for a length"},
      {"/shape", json::parse("[1, 2, 3, 1e300]"), "for a length"},
      {"/shape", json::parse("[1, 2, 3, 4000000000]"), "do not fit"},
      {"/chunks", json::parse("[1, 2, 3, 0]"), "do not fit"},
      {"/chunks", json::parse("[90000000, 90000000, 90000000, 90000000]"), "larger than 1 GiB"},
      {"/chunks", json::parse("[1, 13, 72100, 144000]"), "larger than 1 GiB"},
      {"/chunks", "all", "no short list"},
      {"/chunks", json::parse("[1, 1, 1, 1, 1, 1, 1, 1, 1]"), "no short list"}};
  for (const auto& [where, what, message] : refused) {
    json array = era5();
    array[json::json_pointer(where)] = what;
    EXPECT_THAT(refusal(array), ::testing::AllOf(HasSubstr(message), HasSubstr("era5.zarr/temperature"))) << what;
  }
  EXPECT_THAT(error_text([] { zarr_layout_2(era5(), json::array(), "x"); }, ExitCode::bad_input),
              HasSubstr("no mapping"));
}

}  // namespace
}  // namespace hens
