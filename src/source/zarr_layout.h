// What the metadata of a Zarr array say, format 2 (.zarray and .zattrs) and format 3 (zarr.json). Pure functions; the
// JSON is untrusted: every length is bounded and held against the others before anybody computes with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "source/zarr_codecs.h"

namespace hens {

struct ZarrNumberType {
  enum class Kind { floating, integer, natural } kind = Kind::floating;
  size_t bytes = 4;
  bool big_endian = false;
};

struct ZarrLayout {
  int format = 3;
  std::vector<uint64_t> shape, chunk;
  std::vector<uint64_t> inner;  // the chunks of a shard; as `chunk` where there are no shards
  bool sharded = false;
  bool index_at_end = true;
  bool numeric = true;  // false: of texts or bytes, which nobody reads as fields; the rest is then not looked at
  ZarrNumberType type;
  std::vector<ZarrCodec> codecs;  // of an inner chunk, in the order that they were applied in
  bool plain_keys = false;        // 0.0.0 rather than c/0/0/0
  char separator = '/';
  // What stands where a chunk was never written.
  double fill_value = 0;
  bool fill_is_missing = false;         // format 2: the fill value is CF's _FillValue, too
  std::vector<std::string> dimensions;  // names; empty where the array has none
  nlohmann::json attributes;

  uint64_t chunk_bytes() const;                               // of an inner chunk, decoded
  uint64_t chunks_of_shard() const;                           // 1 without shards
  std::string key(const std::vector<uint64_t>& chunk) const;  // below the array: "c/0/0/0"
  std::string attribute(const char* name) const;              // a text, or one number as text; empty: neither
};

uint64_t product(const std::vector<uint64_t>& lengths);  // UINT64_MAX where it would be more

// Throw Error{bad_input} "<what>: ..." where these are no such metadata, or ask for what is not known here, by name:
// other codecs, filters, orders and types.
ZarrLayout zarr_layout_3(const nlohmann::json& metadata, const std::string& what);
ZarrLayout zarr_layout_2(const nlohmann::json& array, const nlohmann::json& attributes, const std::string& what);

}  // namespace hens
