// A Zarr v2 store as WeatherBench publishes them: an array's .zarray, its .zattrs and the bytes of its only chunk, with
// lines "----" between them.
#include <algorithm>
#include <vector>

#include "fuzz/field_file.h"

namespace {

using namespace hens;

void put(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  publish_file(path, content);
}

void put_coordinate(const fs::path& store, const std::string& name, const std::vector<double>& values) {
  put(store / name / ".zarray",
      fmt::format(R"({{"zarr_format":2,"shape":[{0}],"chunks":[{0}],"dtype":"<f8","order":"C","filters":null,)"
                  R"("compressor":null,"fill_value":"NaN"}})",
                  values.size()));
  put(store / name / ".zattrs",
      fmt::format(R"({{"_ARRAY_DIMENSIONS":["{}"],"units":"hours since 2024-01-01"}})", name));
  const auto bytes = std::as_bytes(std::span(values));
  put(store / name / "0", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// The grid and time of read_fields().
fs::path store_with_coordinates() {
  const fs::path store = fuzz::folder().path() / "era5.zarr";
  const LatLonGrid grid = equiangular_grid(5, 8);
  put_coordinate(store, "lat", grid.lat);
  put_coordinate(store, "lon", grid.lon);
  put_coordinate(store, "time", {0.0});
  put(store / ".zgroup", R"({"zarr_format":2})");
  fs::create_directories(store / "t2m/0/0");
  return store;
}

// The next part of `rest`, which loses it.
std::string_view take_part(std::string_view& rest) {
  constexpr std::string_view mark = "\n----\n";
  const size_t at = std::min(rest.find(mark), rest.size());
  const std::string_view part = rest.substr(0, at);
  rest = rest.substr(std::min(at + mark.size(), rest.size()));
  return part;
}

void put_part(const std::string& name, std::string_view part) {
  fuzz::folder().put("era5.zarr/t2m/" + name, reinterpret_cast<const uint8_t*>(part.data()), part.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fs::path store = store_with_coordinates();
  static fuzz::Opener opener(FieldFormat::zarr);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  put_part(".zarray", take_part(rest));
  put_part(".zattrs", take_part(rest));
  for (const char* name : {"0.0.0", "0/0/0"}) put_part(name, rest);
  fuzz::read_fields(opener, store);
  return 0;
}
