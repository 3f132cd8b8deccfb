#include "store/zarr_metadata.h"

#include <limits>

#include "store/blosc.h"
#include "store/store_arrays.h"

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

// Of one field. Files of one field have no checksum of their own: GDAL's Zarr driver does not know it.
Json field_codecs(const FieldArray& array, Compression compression) {
  Json codecs = Json::array({bytes_codec()});
  if (compression != Compression::none) codecs.push_back(blosc_codec(compression));
  if (array.sharded) codecs.push_back(crc_codec());
  return codecs;
}

Json sharding_codec(const FieldArray& array, Compression compression) {
  return {{"name", "sharding_indexed"},
          {"configuration",
           {{"chunk_shape", array.field_chunk()},
            {"codecs", field_codecs(array, compression)},
            {"index_codecs", Json::array({bytes_codec(), crc_codec()})},
            {"index_location", "end"}}}};
}

std::vector<size_t> file_of(const FieldArray& array) {
  if (!array.file.empty()) return array.file;
  std::vector<size_t> file = array.shape;
  file.front() = 1;
  return file;
}

Json field_metadata(const FieldArray& array, Compression compression) {
  const Json codecs =
      array.sharded ? Json::array({sharding_codec(array, compression)}) : field_codecs(array, compression);
  return to_json({.type = array.integers ? "int32" : "float32",
                  .shape = array.shape,
                  .chunk = file_of(array),
                  .fill_value = array.integers ? Json(-1) : Json("NaN"),
                  .codecs = codecs,
                  .attributes = array.attributes,
                  .dimensions = array.dimensions});
}

// Fill values are numbers that no coordinate takes: a reader may mask them.
struct NumberType {
  const char* name;
  Json fill_value;
};
NumberType number_type(const std::vector<double>&) { return {"float64", "NaN"}; }
NumberType number_type(const std::vector<int64_t>&) { return {"int64", std::numeric_limits<int64_t>::min()}; }
NumberType number_type(const std::vector<int32_t>&) { return {"int32", -1}; }
NumberType number_type(const std::vector<std::string>&) { return {"string", ""}; }

template <typename Number>
std::string chunk_bytes(const std::vector<Number>& numbers) {
  const auto bytes = std::as_bytes(std::span(numbers));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
// Codec vlen-utf8: how many, then each one's length and bytes; numbers of four bytes.
std::string chunk_bytes(const std::vector<std::string>& texts) {
  std::string bytes;
  const auto number = [&](size_t value) { bytes += chunk_bytes(std::vector<uint32_t>{static_cast<uint32_t>(value)}); };
  number(texts.size());
  for (const std::string& text : texts) {
    number(text.size());
    bytes += text;
  }
  return bytes;
}
Json codec_of(const std::vector<std::string>&) { return {{"name", "vlen-utf8"}, {"configuration", Json::object()}}; }
template <typename Number>
Json codec_of(const std::vector<Number>&) {
  return bytes_codec();
}

Json coordinate_metadata(const Coordinate& coordinate) {
  const NumberType type = std::visit([](const auto& values) { return number_type(values); }, coordinate.values);
  return to_json({.type = type.name,
                  .shape = coordinate.shape,
                  .chunk = coordinate.shape,
                  .fill_value = type.fill_value,
                  .codecs = Json::array({std::visit([](const auto& v) { return codec_of(v); }, coordinate.values)}),
                  .attributes = coordinate.attributes,
                  .dimensions = coordinate.dimensions});
}

std::string file_text(const Json& json) { return json.dump(2) + "\n"; }

}  // namespace

std::vector<PrescribedFile> zarr_files(const std::vector<Coordinate>& coordinates,
                                       const std::vector<FieldArray>& fields, const Json& attributes,
                                       Compression compression) {
  std::vector<PrescribedFile> files;
  Json arrays = Json::object();
  for (const Coordinate& coordinate : coordinates) {
    const std::string chunk = coordinate.shape.size() == 2 ? "/c.0.0" : "/c.0";
    files.push_back(
        {coordinate.name + chunk, std::visit([](const auto& v) { return chunk_bytes(v); }, coordinate.values)});
    arrays[coordinate.name] = coordinate_metadata(coordinate);
  }
  for (const FieldArray& field : fields) arrays[field.name] = field_metadata(field, compression);
  for (const auto& [name, metadata] : arrays.items()) files.push_back({name + "/zarr.json", file_text(metadata)});

  // Last, so that whoever finds the root finds what it names.
  const Json root{{"zarr_format", 3},
                  {"node_type", "group"},
                  {"attributes", attributes},
                  {"consolidated_metadata", {{"kind", "inline"}, {"must_understand", false}, {"metadata", arrays}}}};
  files.push_back({"zarr.json", file_text(root)});
  return files;
}

std::vector<PrescribedFile> zarr_prescribed_files(const StoreLayout& layout) {
  const StoreArrays arrays = store_arrays(layout, static_cast<size_t>(layout.members), layout.times.size());
  return zarr_files(store_coordinates(layout), arrays.fields, store_attributes(layout), layout.compression);
}

}  // namespace hens
