#include "source/zarr_array.h"

#include <algorithm>
#include <blosc.h>
#include <cstring>
#include <numeric>
#include <zstd.h>

#include <fmt/ranges.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/json.h"
#include "base/ranged_file.h"

namespace hens {
namespace {

using nlohmann::json;

constexpr uint64_t largest_metadata = uint64_t{16} << 20;
constexpr uint64_t largest_chunk = uint64_t{1} << 30;  // bytes
constexpr uint64_t longest_axis = 100'000'000;
constexpr size_t most_dimensions = 8;
constexpr size_t crc_bytes = sizeof(uint32_t);

uint64_t product(const std::vector<uint64_t>& lengths) {
  uint64_t all = 1;
  for (const uint64_t length : lengths) {
    if (length != 0 && all > UINT64_MAX / length) return UINT64_MAX;
    all *= length;
  }
  return all;
}

// Calls `use` with each index of a box [first, last] along each dimension, the last one fastest.
template <typename Use>
void for_each_index(const std::vector<uint64_t>& first, const std::vector<uint64_t>& last, const Use& use) {
  std::vector<uint64_t> at = first;
  while (true) {
    use(at);
    size_t d = at.size();
    while (d > 0 && at[d - 1] == last[d - 1]) at[d - 1] = first[d - 1], --d;
    if (d == 0) return;
    ++at[d - 1];
  }
}

template <typename T>
double number_at(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

using ReadNumber = double (*)(const std::byte*);
struct NumberType {
  const char* name;
  size_t bytes;
  ReadNumber read;
};
constexpr NumberType number_types[] = {{"float32", 4, number_at<float>},   {"float64", 8, number_at<double>},
                                       {"int16", 2, number_at<int16_t>},   {"int32", 4, number_at<int32_t>},
                                       {"int64", 8, number_at<int64_t>},   {"uint8", 1, number_at<uint8_t>},
                                       {"uint16", 2, number_at<uint16_t>}, {"uint32", 4, number_at<uint32_t>}};

const NumberType* type_of(const std::string& name) {
  const auto* found = std::ranges::find_if(number_types, [&](const NumberType& type) { return name == type.name; });
  return found == std::end(number_types) ? nullptr : found;
}

}  // namespace

ZarrArray::ZarrArray(fs::path folder) : folder_(std::move(folder)) {
  const fs::path path = folder_ / "zarr.json";
  const json metadata = parse_json(read_file(path, largest_metadata), path.string());
  try {
    read_metadata(metadata);
  } catch (const json::exception&) {
    refuse("its metadata is not that of an array of Zarr v3");
  }
}

void ZarrArray::refuse(const std::string& what) const { fail(ExitCode::bad_input, "{}: {}", folder_.string(), what); }

void ZarrArray::read_metadata(const json& metadata) {
  if (metadata.at("zarr_format") != 3 || metadata.at("node_type") != "array") refuse("is no array of Zarr v3");
  shape_ = metadata.at("shape").get<Index>();
  chunk_ = metadata.at("chunk_grid").at("configuration").at("chunk_shape").get<Index>();
  if (metadata.at("chunk_grid").at("name") != "regular") refuse("its chunks are not regular");
  type_ = metadata.at("data_type").get<std::string>();
  const NumberType* type = type_of(type_);
  if (type == nullptr) refuse("has numbers of type " + type_ + ": expected float32, float64 or whole numbers");
  item_ = type->bytes;
  const json& keys = metadata.at("chunk_key_encoding");
  old_keys_ = keys.at("name") == "v2";
  separator_ = keys.value("configuration", json::object()).value("separator", old_keys_ ? "." : "/") == "." ? '.' : '/';
  const json& codecs = metadata.at("codecs");
  inner_ = chunk_;
  if (!codecs.empty() && codecs.at(0).at("name") == "sharding_indexed") {
    const json& shards = codecs.at(0).at("configuration");
    sharded_ = true;
    inner_ = shards.at("chunk_shape").get<Index>();
    index_at_end_ = shards.value("index_location", "end") == "end";
    codecs_ = byte_codecs(shards.at("codecs"));
    const Codecs index = byte_codecs(shards.at("index_codecs"));
    if (codecs.size() != 1 || index.blosc || index.zstd || !index.crc) refuse("its shards have an unknown index");
  } else {
    codecs_ = byte_codecs(codecs);
  }
  const size_t rank = shape_.size();
  if (rank > most_dimensions || chunk_.size() != rank || inner_.size() != rank) refuse("its chunks have another rank");
  for (size_t d = 0; d < rank; ++d) {
    const bool whole = inner_[d] > 0 && chunk_[d] > 0 && chunk_[d] % inner_[d] == 0;
    if (!whole || shape_[d] > longest_axis || chunk_[d] > longest_axis) refuse("its shape and chunks do not fit");
  }
  if (product(inner_) > largest_chunk / item_) refuse("its chunks are larger than 1 GiB");
  if (sharded_ && product(chunk_) / product(inner_) > largest_chunk / 16) refuse("its shards have too many chunks");
  if (metadata.contains("dimension_names") && metadata.at("dimension_names").is_array()) {
    for (const json& name : metadata.at("dimension_names")) dimensions_.push_back(name.is_string() ? name : "");
  }
  if (!dimensions_.empty() && dimensions_.size() != rank)
    refuse("has another number of dimensions than of their names");
  attributes_ = metadata.value("attributes", json::object());
}

ZarrArray::Codecs ZarrArray::byte_codecs(const json& codecs) const {
  Codecs known;
  for (size_t k = 0; k < codecs.size(); ++k) {
    const std::string name = codecs[k].at("name");
    const json configuration = codecs[k].value("configuration", json::object());
    const bool last = k + 1 == codecs.size();
    if (name == "bytes" && k == 0 && configuration.value("endian", "little") == "little") continue;
    if (name == "blosc" && k == 1) {
      known.blosc = true;
    } else if (name == "zstd" && k == 1) {
      known.zstd = true;
    } else if (name == "crc32c" && k > 0 && last) {
      known.crc = true;
    } else {
      refuse(
          fmt::format("is written by codec '{}' at place {}: expected little-endian bytes, blosc or zstd, crc32c, in "
                      "this order; write it anew so",
                      name, k));
    }
  }
  return known;
}

std::string ZarrArray::attribute(const char* name) const {
  const auto found = attributes_.find(name);
  return found != attributes_.end() && found->is_string() ? found->get<std::string>() : "";
}

fs::path ZarrArray::chunk_path(const Index& chunk) const {
  const std::string numbers = fmt::format("{}", fmt::join(chunk, std::string(1, separator_)));
  if (old_keys_) return folder_ / (numbers.empty() ? "0" : numbers);
  return folder_ / (numbers.empty() ? "c" : fmt::format("c{}{}", separator_, numbers));
}

// `size`: what the bytes have to be in the end.
std::vector<std::byte> ZarrArray::decoded(std::vector<std::byte> bytes, const Codecs& codecs, size_t size) const {
  if (codecs.crc) {
    uint32_t expected = 0;
    if (bytes.size() < crc_bytes) refuse("a chunk is too short for its checksum");
    std::memcpy(&expected, bytes.data() + bytes.size() - crc_bytes, crc_bytes);
    bytes.resize(bytes.size() - crc_bytes);
    if (crc32c(bytes) != expected) refuse("the checksum of a chunk does not match: it is damaged");
  }
  std::vector<std::byte> plain;
  if (codecs.blosc) {
    size_t said = 0;
    if (blosc_cbuffer_validate(bytes.data(), bytes.size(), &said) != 0 || said != size) refuse("a chunk is damaged");
    plain.resize(size);
    const int done = blosc_decompress_ctx(bytes.data(), plain.data(), size, 1);
    if (done < 0 || static_cast<size_t>(done) != size) refuse("a chunk cannot be decompressed");
    return plain;
  }
  if (codecs.zstd) {
    plain.resize(size);
    if (ZSTD_decompress(plain.data(), size, bytes.data(), bytes.size()) != size) refuse("a chunk is damaged");
    return plain;
  }
  if (bytes.size() != size) refuse(fmt::format("a chunk has {} bytes instead of {}", bytes.size(), size));
  return bytes;
}

std::optional<std::vector<std::byte>> ZarrArray::whole_chunk(const Index& chunk) const {
  const fs::path path = chunk_path(chunk);
  std::error_code none;
  if (!fs::exists(path, none)) return std::nullopt;
  const RangedFile file(path);
  const size_t size = product(inner_) * item_;
  // Codecs add less than that to what does not shrink.
  if (file.size() > size + size / 8 + 4096) refuse(path.filename().string() + " is too long");
  return decoded(file.read(0, file.size()), codecs_, size);
}

std::optional<std::vector<std::byte>> ZarrArray::inner_chunk(const Index& shard, const Index& inner) const {
  if (!sharded_) return whole_chunk(shard);
  const fs::path path = chunk_path(shard);
  std::error_code none;
  if (!fs::exists(path, none)) return std::nullopt;
  const RangedFile file(path);
  const uint64_t entries = product(chunk_) / product(inner_), index_bytes = entries * 16 + crc_bytes;
  if (file.size() < index_bytes) refuse(path.filename().string() + " is too short for its index");
  Codecs checked;
  checked.crc = true;
  const uint64_t index_at = index_at_end_ ? file.size() - index_bytes : 0;
  const std::vector<std::byte> index = decoded(file.read(index_at, index_bytes), checked, entries * 16);
  uint64_t number = 0, place[2];
  for (size_t d = 0; d < inner.size(); ++d) number = number * (chunk_[d] / inner_[d]) + inner[d];
  std::memcpy(place, index.data() + number * 16, 16);
  if (place[0] == UINT64_MAX && place[1] == UINT64_MAX) return std::nullopt;
  if (place[0] > file.size() || place[1] > file.size() - place[0]) refuse("a chunk lies outside of its shard");
  const size_t size = product(inner_) * item_;
  if (place[1] > size + size / 8 + 4096) refuse("a chunk is too long");
  return decoded(file.read(place[0], place[1]), codecs_, size);
}

std::optional<std::vector<double>> ZarrArray::read(const Index& start, const Index& count) const {
  const size_t rank = shape_.size();
  const ReadNumber number = type_of(type_)->read;
  if (product(count) > largest_chunk / sizeof(double)) refuse("what is asked for is larger than 1 GiB");
  std::vector<double> box(product(count));
  if (box.empty()) return box;
  Index first(rank), last(rank);
  for (size_t d = 0; d < rank; ++d) first[d] = start[d] / inner_[d], last[d] = (start[d] + count[d] - 1) / inner_[d];
  bool there = true;
  for_each_index(first, last, [&](const Index& at) {
    if (!there) return;
    Index shard(rank), inner(rank), low(rank), high(rank);
    for (size_t d = 0; d < rank; ++d) {
      const uint64_t per_shard = chunk_[d] / inner_[d];
      shard[d] = at[d] / per_shard, inner[d] = at[d] % per_shard;
      low[d] = std::max(start[d], at[d] * inner_[d]);
      high[d] = std::min(start[d] + count[d], (at[d] + 1) * inner_[d]) - 1;
    }
    const auto bytes = inner_chunk(shard, inner);
    if (!bytes) {
      there = false;
      return;
    }
    for_each_index(low, high, [&](const Index& point) {
      uint64_t from = 0, to = 0;
      for (size_t d = 0; d < rank; ++d) {
        from = from * inner_[d] + point[d] % inner_[d], to = to * count[d] + (point[d] - start[d]);
      }
      box[to] = number(bytes->data() + from * item_);
    });
  });
  if (!there) return std::nullopt;
  return box;
}

std::optional<std::vector<double>> ZarrArray::read_all() const { return read(Index(shape_.size(), 0), shape_); }

}  // namespace hens
