// A Zarr v3 store as a truth comes in: the metadata of an array, a line "----", and the bytes of its only chunk or
// shard.
#include <algorithm>
#include <vector>

#include "fuzz/field_file.h"

namespace {

using namespace hens;

constexpr std::string_view coordinate_head = R"({"zarr_format":3,"node_type":"array","data_type":"float64","shape":[)";
constexpr std::string_view coordinate_tail =
    R"("chunk_key_encoding":{"name":"default","configuration":{"separator":"."}},"fill_value":0,)"
    R"("codecs":[{"name":"bytes","configuration":{"endian":"little"}}],)"
    R"("attributes":{"units":"hours since 2024-01-01"}})";

void put(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  publish_file(path, content);
}

void put_coordinate(const fs::path& store, const std::string& name, const std::vector<double>& values) {
  put(store / name / "zarr.json",
      fmt::format(R"({}{}],"chunk_grid":{{"name":"regular","configuration":{{"chunk_shape":[{}]}}}},{})",
                  coordinate_head, values.size(), values.size(), coordinate_tail));
  const auto bytes = std::as_bytes(std::span(values));
  put(store / name / "c.0", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// The grid and time of read_fields().
fs::path store_with_coordinates() {
  const fs::path store = fuzz::folder().path() / "truth.zarr";
  const LatLonGrid grid = equiangular_grid(5, 8);
  put_coordinate(store, "lat", grid.lat);
  put_coordinate(store, "lon", grid.lon);
  put_coordinate(store, "time", {0.0});
  put(store / "zarr.json", R"({"zarr_format":3,"node_type":"group"})");
  fs::create_directories(store / "t2m/c/0/0");
  return store;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fs::path store = store_with_coordinates();
  static fuzz::Opener opener(FieldFormat::zarr);
  const std::string_view all(reinterpret_cast<const char*>(data), size), mark = "\n----\n";
  const size_t at = all.find(mark);
  const size_t begin = at == std::string_view::npos ? size : at + mark.size();
  fuzz::folder().put("truth.zarr/t2m/zarr.json", data, std::min(at, size));
  for (const char* name : {"c.0.0.0", "c/0/0/0"}) {
    fuzz::folder().put(std::string("truth.zarr/t2m/") + name, data + begin, size - begin);
  }
  fuzz::read_fields(opener, store);
  return 0;
}
