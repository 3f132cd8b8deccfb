#include "statistics/part.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <future>
#include <numeric>

#include "base/checksum.h"
#include "base/error.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "store/blosc.h"

namespace hens {
namespace {

static_assert(std::endian::native == std::endian::little, "parts are little-endian and written as memory holds them");

using Json = nlohmann::ordered_json;

constexpr std::string_view beginning = "hens part 1\n", magic = "hensPART";
constexpr size_t entry_bytes = 16, ending_bytes = 2 * sizeof(uint64_t) + sizeof(uint32_t) + magic.size();
constexpr uint64_t largest_table = uint64_t{256} << 20;  // bytes; 12 x 61 pairs take 2 MB
constexpr uint64_t largest_header = uint64_t{16} << 20;  // bytes; 65,535 members in ranges of one take 1 MB
constexpr uint64_t most_counts = uint64_t{1} << 28;      // of one tile: 4096 bins a point
constexpr const char* remedy = "run the job again: the members in it are done anew";

size_t chunks_of(const PairPlan& plan) {
  return (plan.moments ? 2 : 0) + (plan.extremes ? 2 : 0) + (plan.thresholds.empty() ? 0 : 1) +
         (plan.histogram ? 3 : 0);
}

size_t tile_points(size_t points, size_t tile) { return std::min(part_tile, points - tile * part_tile); }

Json header_json(const PartHeader& header) {
  Json json{{"forecast_hash", header.forecast_hash},
            {"run_identity", header.run_identity},
            {"length", header.length},
            {"model", header.model},
            {"time", header.time},
            {"members", to_json(header.members)},
            {"points", header.points},
            {"plan", header.plan},
            {"attempt", header.attempt},
            {"finished", header.finished}};
  if (!header.region.empty()) json["region"] = header.region;
  return json;
}

PartHeader header_from(const Json& json) {
  return {.forecast_hash = json.at("forecast_hash"),
          .run_identity = json.at("run_identity"),
          .length = json.at("length"),
          .model = json.at("model"),
          .time = json.at("time"),
          .region = json.value("region", ""),
          .members = member_set_from(json.at("members")),
          .points = json.at("points"),
          .plan = json.at("plan"),
          .attempt = json.at("attempt"),
          .finished = json.at("finished")};
}

std::vector<std::byte> encoded(std::span<const std::byte> numbers, size_t item) {
  return numbers.empty() ? std::vector<std::byte>{} : blosc_compress(Compression::zstd, numbers, item);
}

template <typename T>
std::vector<std::byte> encoded(const std::vector<T>& numbers, size_t begin, size_t count) {
  return encoded(std::as_bytes(std::span(numbers).subspan(begin, count)), sizeof(T));
}

template <typename T>
std::vector<std::byte> encoded(const std::vector<T>& numbers) {
  return encoded(numbers, 0, numbers.size());
}

// Writes chunks, and what is needed to find them again.
class PartWriter {
 public:
  explicit PartWriter(const fs::path& path) : file_(path) { file_.write(beginning); }

  void put(std::span<const std::byte> chunk) {
    append(table_, file_.size());
    append(table_, static_cast<uint32_t>(chunk.size()));
    append(table_, crc32c(chunk));
    file_.write(chunk);
  }

  void publish(const std::string& header) {
    const uint64_t table_at = file_.size(), header_at = table_at + table_.size();
    std::string index = table_ + header;
    append(index, table_at);
    append(index, header_at);
    append(index, crc32c(std::as_bytes(std::span(index))));
    file_.write(index + std::string(magic));
    file_.publish();
  }

 private:
  template <typename T>
  static void append(std::string& text, T number) {
    text.append(reinterpret_cast<const char*>(&number), sizeof(T));
  }

  PendingFile file_;
  std::string table_;
};

using Chunks = std::vector<std::vector<std::byte>>;

void encode_histogram(Chunks& chunks, PairSums& sums, size_t begin, size_t count) {
  const Spans spans = spans_of(sums, begin, begin + count);
  if (spans.counts.size() > most_counts) {
    fail(ExitCode::bad_spec,
         "statistics: a histogram has {} bins at {} points, more than {}: give its entry a larger width",
         spans.counts.size(), count, most_counts);
  }
  chunks.insert(chunks.end(), {encoded(spans.first), encoded(spans.length), encoded(spans.counts)});
}

Chunks encode_tile(const PairPlan& plan, PairSums& sums, size_t points, size_t tile) {
  const size_t begin = tile * part_tile, count = tile_points(points, tile);
  Chunks chunks;
  const auto encode = [&](const auto& field) { chunks.push_back(encoded(field, begin, count)); };
  if (plan.moments) encode(sums.sum), encode(sums.squares);
  if (plan.extremes) encode(sums.lowest), encode(sums.highest);
  std::vector<uint16_t> above;
  for (size_t k = 0; k < plan.thresholds.size(); ++k) {
    const auto from = sums.above.begin() + static_cast<std::ptrdiff_t>(k * points + begin);
    above.insert(above.end(), from, from + static_cast<std::ptrdiff_t>(count));
  }
  if (!above.empty()) chunks.push_back(encoded(above));
  if (plan.histogram) encode_histogram(chunks, sums, begin, count);
  return chunks;
}

// Of a pair. Tiles are compressed side by side.
std::vector<Chunks> encode_pair(const PairPlan& plan, PairSums& sums, size_t points) {
  std::ranges::sort(sums.outliers);
  std::vector<Chunks> tiles(tiles_of(points));
  parallel_for(static_cast<int64_t>(tiles.size()), [&](int64_t first, int64_t last) {
    for (auto tile = static_cast<size_t>(first); tile < static_cast<size_t>(last); ++tile) {
      tiles[tile] = encode_tile(plan, sums, points, tile);
    }
  });
  return tiles;
}

}  // namespace

std::string plan_digest(const std::vector<PairPlan>& plan) {
  std::string text;
  for (const PairPlan& pair : plan) text += text_of(pair) + "\n";
  return sha256_hex(text);
}

std::string part_name(const PartHeader& header, int steps, const std::string& time) {
  return fmt::format("nsteps_{:04d}_model_{}_{}{}{}_members_{}.part", steps, header.model, time,
                     header.region.empty() ? "" : "_", header.region, sha256_hex(header.members.text()).substr(0, 16));
}

void write_part(const fs::path& path, const PartHeader& header, Accumulator& sums) {
  PartWriter file(path);
  const std::vector<PairPlan>& plan = sums.plan();
  PairSums now, next;
  std::vector<Chunks> tiles;  // of the pair that is being written
  std::future<void> copying, writing;
  // What runs beside ends before what it uses does.
  const auto copy = [&](size_t pair) { sums.copy(static_cast<int>(pair), next); };
  if (!plan.empty()) copy(0);
  // A pair is compressed while the one before it is written and the next one comes from the device.
  for (size_t pair = 0; pair < plan.size(); ++pair) {
    stop_if_requested();  // a part of many gigabytes takes longer than a stop may
    std::swap(now, next);
    if (pair + 1 < plan.size()) copying = std::async(std::launch::async, copy, pair + 1);
    std::vector<Chunks> encoded = encode_pair(plan[pair], now, sums.points());
    if (writing.valid()) writing.get();
    tiles = std::move(encoded);
    writing = std::async(std::launch::async, [&] {
      for (const Chunks& tile : tiles) {
        for (const std::vector<std::byte>& chunk : tile) file.put(chunk);
      }
    });
    if (copying.valid()) copying.get();
  }
  if (writing.valid()) writing.get();
  file.publish(header_json(header).dump());
}

void PartReader::damaged(const std::string& what) const {
  fail(ExitCode::bad_input, "{}: is damaged: {}; {}", file_.path().string(), what, remedy);
}

PartReader::PartReader(const fs::path& path) : file_(path) {
  if (file_.size() < beginning.size() + ending_bytes) damaged("it is too short for a part");
  const std::vector<std::byte> ending = file_.read(file_.size() - ending_bytes, ending_bytes);
  uint64_t table_at = 0, header_at = 0;
  uint32_t crc = 0;
  std::memcpy(&table_at, ending.data(), sizeof table_at);
  std::memcpy(&header_at, ending.data() + 8, sizeof header_at);
  std::memcpy(&crc, ending.data() + 16, sizeof crc);
  const uint64_t end = file_.size() - ending_bytes;
  if (std::memcmp(ending.data() + 20, magic.data(), magic.size()) != 0) damaged("it does not end as a part ends");
  if (table_at > header_at || header_at > end || header_at - table_at > largest_table ||
      end - header_at > largest_header || (header_at - table_at) % entry_bytes != 0) {
    damaged("its table does not lie within it");
  }
  std::vector<std::byte> index = file_.read(table_at, end - table_at + 16);
  if (crc32c(index) != crc) damaged("the checksum of its table does not match");
  chunks_.resize((header_at - table_at) / entry_bytes);
  std::memcpy(chunks_.data(), index.data(), header_at - table_at);
  for (const Chunk& chunk : chunks_) {
    if (chunk.offset > table_at || chunk.bytes > table_at - chunk.offset) damaged("a chunk does not lie within it");
  }
  const std::string text(reinterpret_cast<const char*>(index.data()) + (header_at - table_at), end - header_at);
  try {
    header_ = header_from(parse_json<Json>(text, path.string()));
  } catch (const std::exception& error) {
    damaged(fmt::format("its header is of another kind: {}", error.what()));
  }
}

bool PartReader::holds(const std::vector<PairPlan>& plan, size_t points) const {
  size_t chunks = 0;
  for (const PairPlan& pair : plan) chunks += chunks_of(pair) * tiles_of(points);
  return header_.plan == plan_digest(plan) && header_.points == points && chunks_.size() == chunks &&
         header_.members.size() <= most_members;
}

std::vector<std::byte> PartReader::raw(size_t chunk) const {
  std::vector<std::byte> bytes = file_.read(chunks_.at(chunk).offset, chunks_[chunk].bytes);
  if (crc32c(bytes) != chunks_[chunk].crc) damaged(fmt::format("the checksum of chunk {} does not match", chunk));
  return bytes;
}

template <typename T>
void PartReader::numbers(size_t chunk, size_t count, std::vector<T>& values) const {
  const std::vector<std::byte> bytes = raw(chunk);
  values.resize(count);
  if (count == 0 && bytes.empty()) return;
  if (!blosc_decompress(bytes, std::as_writable_bytes(std::span(values)))) {
    damaged(fmt::format("chunk {} does not decompress to {} numbers", chunk, count));
  }
}

size_t PartReader::first_chunk(const std::vector<PairPlan>& plan, int pair, size_t tile) const {
  size_t chunk = 0;
  for (int k = 0; k < pair; ++k) chunk += chunks_of(plan.at(static_cast<size_t>(k))) * tiles_of(header_.points);
  return chunk + chunks_of(plan.at(static_cast<size_t>(pair))) * tile;
}

void PartReader::extent(size_t chunk, size_t points, Spans& spans) const {
  numbers(chunk, points, spans.first);
  numbers(chunk + 1, points, spans.length);
  constexpr int32_t farthest = 1 << 30;
  uint64_t counts = 0;
  for (size_t k = 0; k < points; ++k) {
    counts += spans.length[k];
    if (spans.first[k] < -farthest || spans.first[k] > farthest || spans.length[k] > most_counts) {
      damaged(fmt::format("chunk {} has impossible bins", chunk));
    }
  }
  if (counts > most_counts) damaged(fmt::format("chunk {} has {} bins", chunk, counts));
}

TileSums PartReader::read(const std::vector<PairPlan>& plan, int pair, size_t tile) const {
  const PairPlan& what = plan.at(static_cast<size_t>(pair));
  const size_t points = tile_points(header_.points, tile);
  size_t chunk = first_chunk(plan, pair, tile);
  TileSums sums;
  if (what.moments) numbers(chunk++, points, sums.sum), numbers(chunk++, points, sums.squares);
  if (what.extremes) numbers(chunk++, points, sums.lowest), numbers(chunk++, points, sums.highest);
  if (!what.thresholds.empty()) numbers(chunk++, points * what.thresholds.size(), sums.above);
  if (!what.histogram) return sums;
  extent(chunk, points, sums.spans);
  const auto& length = sums.spans.length;
  numbers(chunk + 2, std::accumulate(length.begin(), length.end(), size_t{0}), sums.spans.counts);
  return sums;
}

Spans PartReader::read_extent(const std::vector<PairPlan>& plan, int pair, size_t tile) const {
  const PairPlan& what = plan.at(static_cast<size_t>(pair));
  Spans spans;
  extent(first_chunk(plan, pair, tile) + chunks_of(what) - 3, tile_points(header_.points, tile), spans);
  return spans;
}

void PartReader::load(Accumulator& into) const {
  const std::vector<PairPlan>& plan = into.plan();
  for (size_t pair = 0; pair < plan.size(); ++pair) {
    PairSums sums(plan[pair], header_.points);
    for (size_t tile = 0; tile < tiles_of(header_.points); ++tile) {
      const TileSums part = read(plan, static_cast<int>(pair), tile);
      const auto begin = static_cast<std::ptrdiff_t>(tile * part_tile);
      std::ranges::copy(part.sum, sums.sum.begin() + (part.sum.empty() ? 0 : begin));
      std::ranges::copy(part.squares, sums.squares.begin() + (part.squares.empty() ? 0 : begin));
      std::ranges::copy(part.lowest, sums.lowest.begin() + (part.lowest.empty() ? 0 : begin));
      std::ranges::copy(part.highest, sums.highest.begin() + (part.highest.empty() ? 0 : begin));
      const size_t points = tile_points(header_.points, tile);
      for (size_t k = 0; k < plan[pair].thresholds.size(); ++k) {
        std::copy_n(part.above.begin() + static_cast<std::ptrdiff_t>(k * points), points,
                    sums.above.begin() + static_cast<std::ptrdiff_t>(k * header_.points) + begin);
      }
      put_spans(sums, part.spans, static_cast<size_t>(begin));
    }
    into.set(static_cast<int>(pair), sums);
  }
}

void PartReader::check() const {
  for (size_t chunk = 0; chunk < chunks_.size(); ++chunk) raw(chunk);
}

}  // namespace hens
