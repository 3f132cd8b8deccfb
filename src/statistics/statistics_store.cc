#include "statistics/statistics_store.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>

#include "base/checksum.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "statistics/store_writer.h"
#include "store/netcdf_output.h"
#include "store/shard.h"

namespace hens {
namespace {

constexpr Compression compression = Compression::zstd;

std::vector<FieldArray> field_arrays(const StatisticsLayout& layout) {
  std::vector<FieldArray> fields;
  for (const StatisticsArray& array : layout.arrays) fields.push_back(array.array);
  return fields;
}

// Beside time and lead_time.
bool has_levels(const StatisticsArray& array) {
  return array.what == Statistic::quantile || array.what == Statistic::probability;
}

size_t levels_of(const StatisticsLayout& layout, const StatisticsArray& array) {
  const StatisticsSpec& spec = layout.entries.at(static_cast<size_t>(array.entry));
  if (array.what == Statistic::quantile) return spec.quantiles.size();
  return array.what == Statistic::probability ? spec.threshold_count() : 1;
}

std::vector<PairFields> fields_of(const StatisticsLayout& layout, size_t number) {
  const StatisticsPair& pair = layout.pairs[number];
  const size_t points = layout.domain.size();
  std::vector<PairFields> all;
  for (const StatisticsArray& array : layout.arrays) {
    if (array.entry != pair.entry || array.variable != pair.variable) continue;
    PairFields& fields = all.emplace_back(PairFields{number, &array, {}, {}});
    if (array.array.integers) {
      fields.numbers.resize(points);
    } else {
      fields.values.assign(levels_of(layout, array), std::vector<float>(points));
    }
  }
  return all;
}

int32_t member_of_lowest(uint64_t key) { return key == no_lowest ? -1 : static_cast<int32_t>(key & 0xFFFFFFFF); }
int32_t member_of_highest(uint64_t key) { return key == no_highest ? -1 : static_cast<int32_t>(~key & 0xFFFFFFFF); }

// Turns the totals of one tile into final values.
class TileValues {
 public:
  TileValues(const StatisticsLayout& layout, const StatisticsPair& pair, const TileTotals& totals, size_t begin)
      : layout_(layout),
        pair_(pair),
        spec_(layout.entries.at(static_cast<size_t>(pair.entry))),
        totals_(totals),
        begin_(begin) {}

  void put(PairFields& fields) const {
    const size_t points = std::min(part_tile, layout_.domain.size() - begin_);
    for (size_t k = 0; k < points; ++k) {
      if (fields.array->array.integers) {
        fields.numbers[begin_ + k] = number(fields.array->what, k);
      } else {
        for (size_t level = 0; level < fields.values.size(); ++level) {
          fields.values[level][begin_ + k] = static_cast<float>(value(fields.array->what, k, level, points));
        }
      }
    }
  }

 private:
  double value(Statistic what, size_t k, size_t level, size_t points) const {
    const FixedPoint fixed = pair_.plan.fixed;
    switch (what) {
      case Statistic::mean:
        return mean_of(fixed, totals_.members, totals_.sum[k]);
      case Statistic::deviation:
        return deviation_of(fixed, totals_.members, totals_.sum[k], totals_.squares[k]);
      case Statistic::lowest:
        return totals_.lowest[k] == no_lowest ? NAN : value_of(totals_.lowest[k]);
      case Statistic::highest:
        return totals_.highest[k] == no_highest ? NAN : value_of(totals_.highest[k]);
      case Statistic::probability:
        return probability_of(totals_.members, totals_.above[level * points + k]);
      default:
        return quantile_of(*pair_.plan.histogram, totals_.first[k],
                           std::span(totals_.counts).subspan(totals_.begin[k], totals_.begin[k + 1] - totals_.begin[k]),
                           spec_.quantiles[level]);
    }
  }

  int32_t number(Statistic what, size_t k) const {
    const bool low =
        what == Statistic::lowest_member || what == Statistic::lowest_model || what == Statistic::lowest_time;
    const int32_t number = low ? member_of_lowest(totals_.lowest[k]) : member_of_highest(totals_.highest[k]);
    if (number < 0) return number;
    // Members are numbered by initial time, model, member.
    const int32_t model = number / layout_.members_of_a_model;
    if (what == Statistic::lowest_time || what == Statistic::highest_time) return model / layout_.models;
    if (what == Statistic::lowest_model || what == Statistic::highest_model) return model % layout_.models;
    return number % layout_.members_of_a_model;
  }

  const StatisticsLayout& layout_;
  const StatisticsPair& pair_;
  const StatisticsSpec& spec_;
  const TileTotals& totals_;
  size_t begin_;
};

// The shards of one initial time: one of each array, filled lead by lead.
class TimeWriter {
 public:
  TimeWriter(const fs::path& folder, const StatisticsLayout& layout, size_t time) : layout_(layout) {
    for (const StatisticsArray& array : layout.arrays) {
      std::string name = fmt::format("{}/c.{}", array.array.name, time);
      for (size_t k = 1; k < array.array.shape.size(); ++k) name += ".0";
      shards_.push_back({std::make_unique<ShardWriter>(folder / name, compression), std::move(name)});
    }
  }

  // Fields of the lead time at hand, each of another array: shards are compressed side by side.
  void append(const std::vector<PairFields>& all) {
    parallel_for(static_cast<int64_t>(all.size()), [&](int64_t from, int64_t to) {
      for (auto k = static_cast<size_t>(from); k < static_cast<size_t>(to); ++k) {
        const PairFields& fields = all[k];
        append_to(shards_[static_cast<size_t>(fields.array - layout_.arrays.data())], *fields.array, &fields);
      }
    });
  }

  // Arrays that have no such lead time skip it.
  void end_lead() {
    ++leads_;
    for (size_t k = 0; k < shards_.size(); ++k) {
      if (shards_[k].leads < leads_) append_to(shards_[k], layout_.arrays[k], nullptr);
    }
  }

  void publish(std::vector<StoredFile>& files) {
    for (Shard& shard : shards_) {
      files.push_back(shard.writer->publish());
      files.back().path = shard.name;
    }
  }

 private:
  struct Shard {
    std::unique_ptr<ShardWriter> writer;
    std::string name;
    size_t leads = 0;  // written or skipped
  };

  void append_to(Shard& shard, const StatisticsArray& array, const PairFields* fields) {
    ++shard.leads;
    const size_t levels = has_levels(array) ? array.array.shape[2] : 1;
    const auto& own = layout_.entries.at(static_cast<size_t>(array.entry)).quantiles;
    size_t next = 0;
    for (size_t level = 0; level < levels; ++level) {
      // The levels of `quantile` are those of all entries.
      const bool skips =
          array.what == Statistic::quantile && std::ranges::find(own, layout_.quantiles[level]) == own.end();
      if (fields == nullptr || skips) {
        shard.writer->skip();
      } else if (array.array.integers) {
        shard.writer->append(std::span<const int32_t>(fields->numbers));
      } else {
        shard.writer->append(std::span<const float>(fields->values[next++]));
      }
    }
  }

  const StatisticsLayout& layout_;
  std::vector<Shard> shards_;  // [array]
  size_t leads_ = 0;
};

// Pairs [begin, end), and their fields.
struct PairGroup {
  size_t begin = 0, end = 0;
  std::vector<std::vector<PairFields>> fields;  // [pair of the group]
};

constexpr size_t group_bytes = size_t{512} << 20;  // of fields in memory: 120 of 721 x 1440 points

size_t bytes_of(const std::vector<PairFields>& pair, size_t points) {
  size_t fields = 0;
  for (const PairFields& array : pair) fields += array.array->array.integers ? 1 : array.values.size();
  return fields * points * sizeof(float);
}

// From `begin` on the pairs of one lead time, as many as memory is meant for, and at least one.
PairGroup next_group(const StatisticsLayout& layout, size_t begin) {
  PairGroup group{begin, begin, {}};
  size_t bytes = 0;
  while (group.end < layout.pairs.size() && layout.pairs[group.end].lead == layout.pairs[begin].lead) {
    if (group.end > begin && bytes >= group_bytes) break;
    group.fields.push_back(fields_of(layout, group.end++));
    bytes += bytes_of(group.fields.back(), layout.domain.size());
  }
  return group;
}

// The final values of a group's pairs at all points, a tile of a pair at a time.
std::vector<PairFields> values_of(const StatisticsLayout& layout, const std::vector<PairPlan>& plan, PairGroup group,
                                  const std::vector<PartSource>& parts) {
  const size_t tiles = tiles_of(layout.domain.size());
  parallel_for(static_cast<int64_t>(group.fields.size() * tiles), [&](int64_t from, int64_t to) {
    for (auto k = static_cast<size_t>(from); k < static_cast<size_t>(to); ++k) {
      const size_t pair = group.begin + k / tiles, tile = k % tiles;
      const TileTotals totals = merge_tile(parts, plan, static_cast<int>(pair), tile);
      const TileValues values(layout, layout.pairs[pair], totals, tile * part_tile);
      for (PairFields& array : group.fields[k / tiles]) values.put(array);
    }
  });
  std::vector<PairFields> all;
  for (auto& pair : group.fields) std::move(pair.begin(), pair.end(), std::back_inserter(all));
  return all;
}

class ZarrWriter final : public StoreWriter {
 public:
  ZarrWriter(fs::path folder, const StatisticsLayout& layout, std::vector<Coordinate> coordinates)
      : folder_(std::move(folder)), layout_(layout), coordinates_(std::move(coordinates)) {}

  void begin_time(size_t time) override { shards_.emplace(folder_, layout_, time); }
  void append(const std::vector<PairFields>& fields) override { shards_->append(fields); }
  void end_lead() override { shards_->end_lead(); }
  void end_time() override {
    shards_->publish(files_);
    shards_.reset();
  }
  std::vector<StoredFile> finish() override {
    const auto metadata = zarr_files(coordinates_, field_arrays(layout_), layout_.attributes, compression);
    for (StoredFile& file : publish_files(folder_, metadata)) files_.push_back(std::move(file));
    std::ranges::sort(files_, {}, &StoredFile::path);
    return std::move(files_);
  }

 private:
  fs::path folder_;
  const StatisticsLayout& layout_;
  std::vector<Coordinate> coordinates_;
  std::optional<TimeWriter> shards_;
  std::vector<StoredFile> files_;
};

class NetcdfWriter final : public StoreWriter {
 public:
  NetcdfWriter(const fs::path& path, const StatisticsLayout& layout, const std::vector<Coordinate>& coordinates)
      : path_(path), layout_(layout), output_(path, {coordinates, field_arrays(layout), layout.attributes, true}) {}

  void begin_time(size_t time) override { time_ = time, lead_ = 0; }
  void append(const std::vector<PairFields>& all) override {
    for (const PairFields& fields : all) {
      const int variable = static_cast<int>(fields.array - layout_.arrays.data());
      if (fields.array->array.integers) output_.put(variable, {time_, lead_}, std::span<const int32_t>(fields.numbers));
      for (size_t level = 0; level < fields.values.size(); ++level) {
        std::vector<size_t> place{time_, lead_};
        if (has_levels(*fields.array)) place.push_back(position(*fields.array, level));
        output_.put(variable, place, std::span<const float>(fields.values[level]));
      }
    }
  }
  void end_lead() override { ++lead_; }
  void end_time() override {}
  std::vector<StoredFile> finish() override {
    PendingFile file(path_);
    Sha256 digest;
    output_.close([&](std::span<const std::byte> piece) {
      digest.update(piece);
      file.write(piece);
    });
    file.publish();
    return {{path_.filename().string(), file.size(), digest.hex()}};
  }

 private:
  // The levels of `quantile` are those of all entries.
  size_t position(const StatisticsArray& array, size_t level) const {
    if (array.what != Statistic::quantile) return level;
    const double wanted = layout_.entries.at(static_cast<size_t>(array.entry)).quantiles[level];
    return static_cast<size_t>(std::ranges::find(layout_.quantiles, wanted) - layout_.quantiles.begin());
  }

  fs::path path_;
  const StatisticsLayout& layout_;
  NetcdfOutput output_;
  size_t time_ = 0, lead_ = 0;
};

void write_time(StoreWriter& writer, const StatisticsLayout& layout, const std::vector<PairPlan>& plan,
                const std::vector<PartSource>& parts) {
  for (size_t begin = 0; begin < layout.pairs.size();) {
    stop_if_requested();
    PairGroup group = next_group(layout, begin);
    const size_t end = group.end;
    writer.append(values_of(layout, plan, std::move(group), parts));
    if (end == layout.pairs.size() || layout.pairs[end].lead != layout.pairs[begin].lead) writer.end_lead();
    begin = end;
  }
}

// How many members the statistics of each initial time are of.
Coordinate members_coordinate(const std::vector<std::vector<PartSource>>& sources) {
  std::vector<int32_t> members;
  for (const auto& parts : sources) {
    int64_t count = 0;
    for (const PartSource& source : parts) count += source.part->header().members.size();
    members.push_back(static_cast<int32_t>(count));
  }
  const size_t times = members.size();
  return {"members", {"time"}, {times}, std::move(members), {{"long_name", "number of members"}, {"units", "1"}}};
}

std::unique_ptr<StoreWriter> make_writer(const fs::path& path, StoreFormat format, const StatisticsLayout& layout,
                                         const std::vector<Coordinate>& coordinates) {
  switch (format) {
    case StoreFormat::zarr:
      return std::make_unique<ZarrWriter>(path, layout, coordinates);
    case StoreFormat::netcdf:
      return std::make_unique<NetcdfWriter>(path, layout, coordinates);
    case StoreFormat::grib2:
      return make_grib_statistics(path, layout, coordinates);
  }
  throw std::logic_error("statistics of no known format");
}

}  // namespace

std::vector<StoredFile> write_statistics_store(const fs::path& path, StoreFormat format, const StatisticsLayout& layout,
                                               const std::vector<PairPlan>& plan,
                                               const std::vector<std::vector<PartSource>>& sources) {
  std::vector<Coordinate> coordinates = layout.coordinates;
  coordinates.push_back(members_coordinate(sources));
  const std::unique_ptr<StoreWriter> writer = make_writer(path, format, layout, coordinates);
  for (size_t time = 0; time < sources.size(); ++time) {
    writer->begin_time(time);
    write_time(*writer, layout, plan, sources[time]);
    writer->end_time();
  }
  return writer->finish();
}

}  // namespace hens
