#include "source/zarr_array.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/error.h"

namespace hens {
namespace {

constexpr uint64_t most_values = uint64_t{1} << 27;  // 12 times a grid of 0.1 degrees; 1 GiB
constexpr uint64_t most_chunks = uint64_t{1} << 17;  // of one box: a century of hourly times in chunks of one day
constexpr size_t crc_bytes = sizeof(uint32_t);
constexpr uint64_t nowhere = UINT64_MAX;  // in the index of a shard

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
double number_at(const std::byte* bytes, bool swap) {
  std::byte there[sizeof(T)];
  std::memcpy(there, bytes, sizeof there);
  if (swap) std::reverse(std::begin(there), std::end(there));
  T value;
  std::memcpy(&value, there, sizeof value);
  return static_cast<double>(value);
}

using ReadNumber = double (*)(const std::byte*, bool);

ReadNumber reader_of(const ZarrNumberType& type) {
  using Kind = ZarrNumberType::Kind;
  if (type.kind == Kind::floating) return type.bytes == 4 ? number_at<float> : number_at<double>;
  const bool is_signed = type.kind == Kind::integer;
  switch (type.bytes) {
    case 1:
      return is_signed ? number_at<int8_t> : number_at<uint8_t>;
    case 2:
      return is_signed ? number_at<int16_t> : number_at<uint16_t>;
    case 4:
      return is_signed ? number_at<int32_t> : number_at<uint32_t>;
    default:
      return is_signed ? number_at<int64_t> : number_at<uint64_t>;
  }
}

}  // namespace

ZarrArray::ZarrArray(ZarrLayout layout, std::string name, const std::string& origin, const ZarrObjects& objects,
                     ZarrChunkCache& cache)
    : layout_(std::move(layout)),
      name_(std::move(name)),
      what_(origin + "/" + name_),
      objects_(objects),
      cache_(cache) {}

void ZarrArray::refuse(const std::string& what) const { fail(ExitCode::bad_input, "{}: {}", what_, what); }

std::vector<ZarrArray::Chunk> ZarrArray::chunks_of(const Box& box) const {
  const size_t rank = layout_.shape.size();
  Index first(rank), last(rank), counts(rank);
  for (size_t d = 0; d < rank; ++d) {
    first[d] = box.start[d] / layout_.inner[d];
    last[d] = (box.start[d] + box.count[d] - 1) / layout_.inner[d];
    counts[d] = last[d] - first[d] + 1;
  }
  if (product(counts) > most_chunks) refuse("what is asked for lies in more chunks than anybody has");
  std::vector<Chunk> chunks;
  for_each_index(first, last, [&](const Index& at) {
    Index outer(rank);
    for (size_t d = 0; d < rank; ++d) outer[d] = at[d] / (layout_.chunk[d] / layout_.inner[d]);
    chunks.push_back({at, name_ + "/" + layout_.key(outer), std::nullopt});
  });
  return chunks;
}

ObjectPart ZarrArray::index_part(const std::string& key) const {
  const uint64_t bytes = layout_.chunks_of_shard() * 16 + crc_bytes;
  if (layout_.index_at_end) return {ObjectPart::Kind::tail, key, 0, bytes};
  return {ObjectPart::Kind::range, key, 0, bytes};
}

// Offset and size of each chunk of a shard; empty where there is no shard.
std::vector<uint64_t> ZarrArray::index_of(const std::string& key) const {
  auto bytes = objects_.get(index_part(key));
  if (!bytes) return {};
  const uint64_t entries = layout_.chunks_of_shard();
  const ZarrCodec checked[] = {{ZarrCodecKind::crc32c}};
  const auto plain = decoded_chunk(std::move(*bytes), checked, entries * 16, what_ + ": the index of shard " + key);
  std::vector<uint64_t> index(entries * 2);
  std::memcpy(index.data(), plain.data(), plain.size());
  return index;
}

void ZarrArray::find_in_shard(const std::vector<uint64_t>& index, Chunk& chunk) const {
  uint64_t number = 0;
  for (size_t d = 0; d < chunk.at.size(); ++d) {
    const uint64_t in_shard = layout_.chunk[d] / layout_.inner[d];
    number = number * in_shard + chunk.at[d] % in_shard;
  }
  const uint64_t offset = index.at(number * 2), size = index.at(number * 2 + 1);
  if (offset == nowhere && size == nowhere) return;
  if (size > longest_encoded(layout_.chunk_bytes())) refuse("a chunk of shard " + chunk.key + " is too long");
  if (size == 0 || offset > nowhere - size) refuse("a chunk lies outside of its shard " + chunk.key);
  chunk.place = {ObjectPart::Kind::range, chunk.key, offset, size};
}

void ZarrArray::find_in_shards(std::vector<Chunk>& chunks) const {
  std::vector<ObjectPart> parts;
  for (const Chunk& chunk : chunks) {
    if (parts.empty() || parts.back().key != chunk.key) parts.push_back(index_part(chunk.key));
  }
  objects_.expect(parts);
  std::string key;
  std::vector<uint64_t> index;
  for (Chunk& chunk : chunks) {
    if (key != chunk.key) index = index_of(key = chunk.key);
    if (!index.empty()) find_in_shard(index, chunk);
  }
}

const std::vector<std::byte>* ZarrArray::decoded(const Chunk& chunk) const {
  if (!chunk.place) return nullptr;
  const std::string key = fmt::format("{}@{}", chunk.key, chunk.place->offset);
  if (key == cache_.key) return &cache_.bytes;
  auto bytes = objects_.get(*chunk.place);
  if (!bytes) return nullptr;
  cache_ = {};
  cache_.bytes = decoded_chunk(std::move(*bytes), layout_.codecs, layout_.chunk_bytes(), what_ + ": " + chunk.key);
  cache_.key = key;
  return &cache_.bytes;
}

// The part of `box` that lies in the chunk whose numbers begin at `from`.
void ZarrArray::copy(const Chunk& chunk, const std::byte* from, const Box& box, std::vector<double>& to) const {
  const size_t rank = box.start.size(), item = layout_.type.bytes;
  const ReadNumber number = reader_of(layout_.type);
  Index low(rank), high(rank);
  for (size_t d = 0; d < rank; ++d) {
    low[d] = std::max(box.start[d], chunk.at[d] * layout_.inner[d]);
    high[d] = std::min(box.start[d] + box.count[d], (chunk.at[d] + 1) * layout_.inner[d]) - 1;
  }
  const uint64_t run = rank == 0 ? 1 : high[rank - 1] - low[rank - 1] + 1;  // along the fastest dimension
  if (rank > 0) high[rank - 1] = low[rank - 1];
  for_each_index(low, high, [&](const Index& point) {
    uint64_t source = 0, target = 0;
    for (size_t d = 0; d < rank; ++d) {
      source = source * layout_.inner[d] + point[d] % layout_.inner[d];
      target = target * box.count[d] + (point[d] - box.start[d]);
    }
    for (uint64_t k = 0; k < run; ++k) to[target + k] = number(from + (source + k) * item, layout_.type.big_endian);
  });
}

std::optional<std::vector<double>> ZarrArray::read(const Index& start, const Index& count, bool fill,
                                                   std::string& unwritten) const {
  if (product(count) > most_values) refuse("what is asked for is more values than any grid has");
  std::vector<double> values(product(count), layout_.fill_value);
  if (values.empty()) return values;
  const Box box{start, count};
  std::vector<Chunk> chunks = chunks_of(box);
  if (layout_.sharded) {
    find_in_shards(chunks);
  } else {
    for (Chunk& chunk : chunks) {
      chunk.place = {ObjectPart::Kind::whole, chunk.key, 0, longest_encoded(layout_.chunk_bytes())};
    }
  }
  std::vector<ObjectPart> parts;
  for (const Chunk& chunk : chunks) {
    if (chunk.place) parts.push_back(*chunk.place);
  }
  objects_.expect(parts);
  for (const Chunk& chunk : chunks) {
    const std::vector<std::byte>* bytes = decoded(chunk);
    if (bytes != nullptr) {
      copy(chunk, bytes->data(), box, values);
    } else if (!fill) {
      unwritten = chunk.key;
      return std::nullopt;
    }
  }
  return values;
}

}  // namespace hens
