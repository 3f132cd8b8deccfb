#include "store/zarr_metadata.h"

#include <limits>

#include "store/blosc.h"
#include "store/coordinates.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

struct Array {
  const char* type;
  std::vector<size_t> shape, chunk;
  Json fill_value, codecs, attributes;
  std::vector<std::string> dimensions;
};

// Chunks are named c.0.0 rather than c/0/0: a shard then costs the disk its own fsync and its folder's, instead of
// those of four new folders more.
Json to_json(const Array& array) {
  return {{"zarr_format", 3},
          {"node_type", "array"},
          {"shape", array.shape},
          {"data_type", array.type},
          {"chunk_grid", {{"name", "regular"}, {"configuration", {{"chunk_shape", array.chunk}}}}},
          {"chunk_key_encoding", {{"name", "default"}, {"configuration", {{"separator", "."}}}}},
          {"fill_value", array.fill_value},
          {"codecs", array.codecs},
          {"attributes", array.attributes},
          {"dimension_names", array.dimensions},
          {"storage_transformers", Json::array()}};
}

Json bytes_codec() { return {{"name", "bytes"}, {"configuration", {{"endian", "little"}}}}; }
Json crc_codec() { return {{"name", "crc32c"}}; }

Json sharding_codec(const StoreLayout& layout) {
  Json inner = Json::array({bytes_codec()});
  if (layout.compression != Compression::none) inner.push_back(blosc_codec(layout.compression));
  inner.push_back(crc_codec());
  return {{"name", "sharding_indexed"},
          {"configuration",
           {{"chunk_shape", {1, 1, 1, layout.grid.nlat(), layout.grid.nlon()}},
            {"codecs", inner},
            {"index_codecs", Json::array({bytes_codec(), crc_codec()})},
            {"index_location", "end"}}}};
}

Json variable_metadata(const StoreLayout& layout, const std::string& channel) {
  const size_t leads = layout.leads.size(), nlat = layout.grid.lat.size(), nlon = layout.grid.lon.size();
  return to_json({.type = "float32",
                  .shape = {static_cast<size_t>(layout.members), layout.times.size(), leads, nlat, nlon},
                  .chunk = {1, 1, leads, nlat, nlon},
                  .fill_value = "NaN",
                  .codecs = Json::array({sharding_codec(layout)}),
                  .attributes = variable_attributes(channel),
                  .dimensions = {std::begin(field_dimensions), std::end(field_dimensions)}});
}

// Fill values are numbers that no coordinate takes: a reader may mask them.
struct NumberType {
  const char* name;
  Json fill_value;
};
NumberType number_type(const std::vector<double>&) { return {"float64", "NaN"}; }
NumberType number_type(const std::vector<int64_t>&) { return {"int64", std::numeric_limits<int64_t>::min()}; }
NumberType number_type(const std::vector<int32_t>&) { return {"int32", -1}; }

Json coordinate_metadata(const Coordinate& coordinate) {
  const NumberType type = std::visit([](const auto& values) { return number_type(values); }, coordinate.values);
  return to_json({.type = type.name,
                  .shape = coordinate.shape,
                  .chunk = coordinate.shape,
                  .fill_value = type.fill_value,
                  .codecs = Json::array({bytes_codec()}),
                  .attributes = coordinate.attributes,
                  .dimensions = coordinate.dimensions});
}

std::string file_text(const Json& json) { return json.dump(2) + "\n"; }

}  // namespace

std::vector<PrescribedFile> zarr_prescribed_files(const StoreLayout& layout) {
  std::vector<PrescribedFile> files;
  Json arrays = Json::object();
  for (const Coordinate& coordinate : coordinates(layout)) {
    const auto bytes = coordinate.bytes();
    const std::string chunk = coordinate.shape.size() == 2 ? "/c.0.0" : "/c.0";
    files.push_back({coordinate.name + chunk, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
    arrays[coordinate.name] = coordinate_metadata(coordinate);
  }
  for (const std::string& channel : layout.variables) arrays[channel] = variable_metadata(layout, channel);
  for (const auto& [name, metadata] : arrays.items()) files.push_back({name + "/zarr.json", file_text(metadata)});

  // Last, so that whoever finds the root finds what it names.
  const Json root{{"zarr_format", 3},
                  {"node_type", "group"},
                  {"attributes", global_attributes(layout)},
                  {"consolidated_metadata", {{"kind", "inline"}, {"must_understand", false}, {"metadata", arrays}}}};
  files.push_back({"zarr.json", file_text(root)});
  return files;
}

}  // namespace hens
