#include "source/zarr_layout.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/ranges.h>

#include "base/error.h"

namespace hens {
namespace {

using nlohmann::json;
using Index = std::vector<uint64_t>;

constexpr uint64_t largest_chunk = uint64_t{1} << 30;  // bytes
constexpr uint64_t longest_axis = 100'000'000;
constexpr size_t most_dimensions = 8, most_codecs = 6;
constexpr const char* known_codecs = "blosc, zstd, gzip, zlib, shuffle, crc32c and bitround";

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  fail(ExitCode::bad_input, "{}: {}", what, why);
}

std::string clipped(const json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', true);
  if (text.size() > 80) text = text.substr(0, 80) + "...";
  return text;
}

// A fill value. A number that JSON cannot write stands there as a text; null is 0, as zarr-python has it, which leaves
// out chunks of zeros of such an array.
double number_of(const json& value) {
  if (value.is_null()) return 0;
  if (value.is_number()) return value.get<double>();
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value == "Infinity") return HUGE_VAL;
  if (value == "-Infinity") return -HUGE_VAL;
  return std::nan("");
}

// Whole numbers from 0 on: what else JSON has for numbers does not convert to them.
Index lengths_of(const json& list, const std::string& what) {
  if (!list.is_array() || list.size() > most_dimensions) refuse(what, "its shape or chunks are no short list");
  Index lengths;
  for (const json& length : list) {
    if (!length.is_number_unsigned()) refuse(what, fmt::format("has '{}' for a length", clipped(length)));
    lengths.push_back(length.get<uint64_t>());
  }
  return lengths;
}

ZarrCodec shuffle_codec(const json& configuration, const std::string& what) {
  const json size = configuration.value("elementsize", json(4u));
  if (!size.is_number_unsigned() || size.get<uint64_t>() < 1 || size.get<uint64_t>() > 64) {
    refuse(what, fmt::format("is shuffled by elements of '{}' bytes: expected 1 to 64", clipped(size)));
  }
  return {ZarrCodecKind::shuffle, size.get<size_t>()};
}

struct NamedType {
  const char* name;  // format 3's
  const char* code;  // format 2's, behind the byte order
  ZarrNumberType::Kind kind;
  size_t bytes;
};
constexpr NamedType types[] = {
    {"float32", "f4", ZarrNumberType::Kind::floating, 4}, {"float64", "f8", ZarrNumberType::Kind::floating, 8},
    {"int8", "i1", ZarrNumberType::Kind::integer, 1},     {"int16", "i2", ZarrNumberType::Kind::integer, 2},
    {"int32", "i4", ZarrNumberType::Kind::integer, 4},    {"int64", "i8", ZarrNumberType::Kind::integer, 8},
    {"bool", "b1", ZarrNumberType::Kind::natural, 1},     {"uint8", "u1", ZarrNumberType::Kind::natural, 1},
    {"uint16", "u2", ZarrNumberType::Kind::natural, 2},   {"uint32", "u4", ZarrNumberType::Kind::natural, 4},
    {"uint64", "u8", ZarrNumberType::Kind::natural, 8}};

[[noreturn]] void refuse_type(const json& type, const std::string& what) {
  refuse(what, "has numbers of type '" + clipped(type) + "': expected float32, float64 or whole numbers");
}

// Texts and bytes, which coordinates of names are.
bool is_text_type_3(const json& type) {
  const std::string name = type.is_object() ? type.value("name", "") : type.is_string() ? type.get<std::string>() : "";
  return name == "string" || name == "bytes" || name == "variable_length_bytes" || name == "fixed_length_utf32" ||
         name == "null_terminated_bytes" || name == "raw_bytes" || name.starts_with("numpy.");
}

// Lengths that fit each other, and memory. Requires shape, chunk and inner.
void check_lengths(const ZarrLayout& layout, const std::string& what) {
  const size_t rank = layout.shape.size();
  if (rank > most_dimensions)
    refuse(what, fmt::format("has {} dimensions: expected at most {}", rank, most_dimensions));
  if (layout.chunk.size() != rank || layout.inner.size() != rank) refuse(what, "its chunks have another rank");
  for (size_t d = 0; d < rank; ++d) {
    const uint64_t chunk = layout.chunk[d], inner = layout.inner[d];
    const bool whole = inner > 0 && chunk > 0 && chunk % inner == 0;
    if (!whole || layout.shape[d] > longest_axis || chunk > longest_axis) {
      refuse(what, "its shape and chunks do not fit each other");
    }
  }
  if (product(layout.inner) > largest_chunk / layout.type.bytes) refuse(what, "its chunks are larger than 1 GiB");
  if (layout.chunks_of_shard() > largest_chunk / 16) refuse(what, "its shards have too many chunks");
  if (!layout.dimensions.empty() && layout.dimensions.size() != rank) {
    refuse(what, "has another number of dimensions than of their names");
  }
}

// ---- format 3 ----

[[noreturn]] void refuse_codec(const std::string& name, const std::string& what) {
  refuse(what, fmt::format("is written by codec '{}': expected bytes, {}; write it anew so", name, known_codecs));
}

// Of a codec transpose.
bool keeps_order(const json& configuration) {
  const json order = configuration.value("order", json());
  if (order == "C") return true;
  if (!order.is_array()) return false;
  for (size_t k = 0; k < order.size(); ++k) {
    if (order[k] != k) return false;
  }
  return true;
}

// One codec of a chain; `bytes_seen`: numbers have become bytes.
void add_codec_3(const json& codec, bool& bytes_seen, ZarrLayout& layout, const std::string& what) {
  std::string name = codec.is_string() ? codec.get<std::string>() : codec.at("name").get<std::string>();
  const json configuration = codec.is_object() ? codec.value("configuration", json::object()) : json::object();
  if (name.starts_with("numcodecs.")) name = name.substr(10);
  const bool was_seen = bytes_seen;
  if (!was_seen && name == "bytes") {
    const std::string order = configuration.value("endian", "little");
    if (order != "little" && order != "big") refuse_codec("bytes, endian " + order.substr(0, 20), what);
    layout.type.big_endian = order == "big";
    bytes_seen = true;
  } else if (!was_seen && name == "transpose") {
    if (!keeps_order(configuration))
      refuse(what, "has its axes in another order (codec transpose): write it in order C");
  } else if (!was_seen && name == "bitround") {
    // its values are already rounded
  } else if (was_seen && name == "blosc") {
    layout.codecs.push_back({ZarrCodecKind::blosc});
  } else if (was_seen && name == "zstd") {
    layout.codecs.push_back({ZarrCodecKind::zstd});
  } else if (was_seen && (name == "gzip" || name == "zlib")) {
    layout.codecs.push_back({ZarrCodecKind::deflate});
  } else if (was_seen && name == "crc32c") {
    layout.codecs.push_back({ZarrCodecKind::crc32c});
  } else if (was_seen && name == "shuffle") {
    layout.codecs.push_back(shuffle_codec(configuration, what));
  } else {
    refuse_codec(name, what);
  }
}

void read_codecs_3(const json& codecs, ZarrLayout& layout, const std::string& what) {
  bool bytes_seen = false;
  if (!codecs.is_array() || codecs.size() > most_codecs) refuse(what, "its codecs are no short list");
  for (const json& codec : codecs) add_codec_3(codec, bytes_seen, layout, what);
  if (!bytes_seen) refuse(what, "its codecs lack 'bytes'");
}

// hens, zarr-python and TensorStore write the index as bytes with a checksum.
bool is_known_index(const json& codecs) {
  return codecs.is_array() && codecs.size() == 2 && codecs[0].at("name") == "bytes" &&
         codecs[0].value("configuration", json::object()).value("endian", "little") == "little" &&
         codecs[1].at("name") == "crc32c";
}

void read_chunks_3(const json& metadata, ZarrLayout& layout, const std::string& what) {
  if (metadata.at("chunk_grid").at("name") != "regular") refuse(what, "its chunks are not regular");
  layout.chunk = lengths_of(metadata.at("chunk_grid").at("configuration").at("chunk_shape"), what);
  layout.inner = layout.chunk;
  const json& codecs = metadata.at("codecs");
  const bool sharded = !codecs.empty() && codecs.at(0).is_object() && codecs.at(0).at("name") == "sharding_indexed";
  if (!sharded) return read_codecs_3(codecs, layout, what);
  const json& shards = codecs.at(0).at("configuration");
  layout.sharded = true;
  layout.inner = lengths_of(shards.at("chunk_shape"), what);
  layout.index_at_end = shards.value("index_location", "end") == "end";
  read_codecs_3(shards.at("codecs"), layout, what);
  if (codecs.size() != 1 || !is_known_index(shards.at("index_codecs"))) {
    refuse(what,
           "its shards have an unknown index: expected little-endian bytes with crc32c, and no codec behind them");
  }
}

void read_keys_3(const json& metadata, ZarrLayout& layout) {
  const json& keys = metadata.at("chunk_key_encoding");
  layout.plain_keys = keys.at("name") == "v2";
  const std::string separator =
      keys.value("configuration", json::object()).value("separator", layout.plain_keys ? "." : "/");
  layout.separator = separator == "." ? '.' : '/';
}

// ---- format 2 ----

std::optional<ZarrNumberType> type_2(const std::string& code) {
  if (code.size() != 3 || std::string("<>|=").find(code[0]) == std::string::npos) return std::nullopt;
  for (const NamedType& type : types) {
    if (code.substr(1) == type.code) return ZarrNumberType{type.kind, type.bytes, code[0] == '>'};
  }
  return std::nullopt;
}

void add_filter_2(const json& filter, const std::string& dtype, ZarrLayout& layout, const std::string& what) {
  const std::string id = filter.at("id");
  if (id == "bitround") return;                                            // its values are already rounded
  if (id == "quantize" && filter.value("astype", dtype) == dtype) return;  // as are these
  if (id == "shuffle") {
    layout.codecs.push_back(shuffle_codec(filter, what));
    return;
  }
  refuse(what, fmt::format("is written through filter '{}': expected none, bitround, quantize or shuffle; write it "
                           "anew so",
                           clipped(id)));
}

void add_compressor_2(const json& compressor, ZarrLayout& layout, const std::string& what) {
  if (compressor.is_null()) return;
  const std::string id = compressor.at("id");
  if (id == "blosc") {
    layout.codecs.push_back({ZarrCodecKind::blosc});
  } else if (id == "zstd") {
    layout.codecs.push_back({ZarrCodecKind::zstd});
  } else if (id == "zlib" || id == "gzip") {
    layout.codecs.push_back({ZarrCodecKind::deflate});
  } else {
    refuse(what, fmt::format("is compressed by '{}': expected none, blosc, zstd, gzip or zlib; write it anew so",
                             clipped(id)));
  }
}

void read_dimensions_2(ZarrLayout& layout) {
  const auto names = layout.attributes.find("_ARRAY_DIMENSIONS");
  if (names == layout.attributes.end() || !names->is_array() || names->size() > most_dimensions) return;
  for (const json& name : *names) layout.dimensions.push_back(name.is_string() ? name.get<std::string>() : "");
}

}  // namespace

uint64_t product(const std::vector<uint64_t>& lengths) {
  uint64_t all = 1;
  for (const uint64_t length : lengths) {
    if (__builtin_mul_overflow(all, length, &all)) return UINT64_MAX;
  }
  return all;
}

uint64_t ZarrLayout::chunk_bytes() const { return product(inner) * type.bytes; }
uint64_t ZarrLayout::chunks_of_shard() const { return product(chunk) / product(inner); }

std::string ZarrLayout::key(const Index& chunk) const {
  const std::string numbers = fmt::format("{}", fmt::join(chunk, std::string(1, separator)));
  if (plain_keys) return numbers.empty() ? "0" : numbers;
  return numbers.empty() ? "c" : fmt::format("c{}{}", separator, numbers);
}

std::string ZarrLayout::attribute(const char* name) const {
  const auto found = attributes.find(name);
  if (found == attributes.end()) return "";
  if (found->is_string()) return found->get<std::string>().substr(0, 4096);
  return found->is_number() ? fmt::format("{}", found->get<double>()) : "";
}

ZarrLayout zarr_layout_3(const json& metadata, const std::string& what) {
  try {
    ZarrLayout layout;
    if (metadata.at("zarr_format") != 3 || metadata.at("node_type") != "array") refuse(what, "is no array of Zarr v3");
    layout.attributes = metadata.value("attributes", json::object());
    if (!layout.attributes.is_object()) refuse(what, "its attributes are no mapping");
    layout.shape = lengths_of(metadata.at("shape"), what);
    const json& type = metadata.at("data_type");
    if (metadata.contains("dimension_names") && metadata.at("dimension_names").is_array()) {
      for (const json& name : metadata.at("dimension_names")) {
        layout.dimensions.push_back(name.is_string() ? name.get<std::string>() : "");
      }
    }
    if (is_text_type_3(type)) {
      layout.numeric = false;
      return layout;
    }
    const auto* named = std::ranges::find_if(types, [&](const NamedType& known) { return type == known.name; });
    if (named == std::end(types)) refuse_type(type, what);
    layout.type = {named->kind, named->bytes, false};
    read_chunks_3(metadata, layout, what);
    read_keys_3(metadata, layout);
    layout.fill_value = number_of(metadata.value("fill_value", json()));
    check_lengths(layout, what);
    return layout;
  } catch (const json::exception&) {
    refuse(what, "its metadata are not those of an array of Zarr v3");
  }
}

ZarrLayout zarr_layout_2(const json& array, const json& attributes, const std::string& what) {
  try {
    ZarrLayout layout;
    layout.format = 2;
    if (array.at("zarr_format") != 2) refuse(what, "is no array of Zarr v2");
    if (!attributes.is_object()) refuse(what, "its attributes are no mapping");
    layout.attributes = attributes;
    layout.shape = lengths_of(array.at("shape"), what);
    read_dimensions_2(layout);
    const json& dtype = array.at("dtype");
    const std::string code = dtype.is_string() ? dtype.get<std::string>() : "";
    if (code.size() > 1 && std::string("OUSV").find(code[1]) != std::string::npos) {
      layout.numeric = false;
      return layout;
    }
    const auto type = type_2(code);
    if (!type) refuse_type(dtype, what);
    layout.type = *type;
    if (array.value("order", "C") != "C") {
      refuse(what,
             fmt::format("its chunks are in order '{}', Fortran's: write them in order C", clipped(array["order"])));
    }
    layout.chunk = layout.inner = lengths_of(array.at("chunks"), what);
    const json filters = array.value("filters", json());
    const bool is_list = filters.is_array() && filters.size() <= most_codecs;
    if (!filters.is_null() && !is_list) refuse(what, "its filters are no short list");
    if (is_list) {
      for (const json& filter : filters) add_filter_2(filter, code, layout, what);
    }
    add_compressor_2(array.value("compressor", json()), layout, what);
    layout.plain_keys = true;
    layout.separator = array.value("dimension_separator", ".") == "/" ? '/' : '.';
    const json fill = array.value("fill_value", json());
    layout.fill_value = number_of(fill);
    // 0 is what arrays have whose maker said nothing, and a wind as good as any.
    layout.fill_is_missing = !fill.is_null() && layout.fill_value != 0;
    check_lengths(layout, what);
    return layout;
  } catch (const json::exception&) {
    refuse(what, "its metadata are not those of an array of Zarr v2");
  }
}

}  // namespace hens
