#include "source/gfs_source.h"

#include <iterator>

#include "base/checksum.h"
#include "base/error.h"
#include "grid/channels.h"
#include "source/grib_message.h"
#include "source/grid_match.h"
#include "source/humidity.h"

namespace hens {
namespace {

constexpr uint64_t largest_index = 16 << 20, largest_message = 256 << 20;

std::string index_url(const GfsPlan& plan) { return plan.url + ".idx"; }

std::string origin_of(const GfsPlan& plan, const std::string& channel) {
  return fmt::format("{}: channel {}", plan.url, channel);
}

// That a message is what the index promised.
void check_message(const fs::path& part, const GfsMessage& promised, Time cycle, const std::string& origin) {
  const std::string bytes = read_file(part, largest_message);
  const GribLabel label = read_grib_label(std::as_bytes(std::span(bytes)), origin);
  if (label.field != promised.field) {
    fail(ExitCode::bad_input,
         "{}: wrong message: the index promises {}, the message holds '{}'; the index does not "
         "belong to this file",
         origin, promised.field, label.text);
  }
  if (label.reference_time != cycle || label.valid_time != cycle) {
    fail(ExitCode::bad_input, "{}: wrong cycle: the message is of {} and valid at {}; expected the analysis of {}",
         origin, iso_time(label.reference_time), iso_time(label.valid_time), iso_time(cycle));
  }
}

// The messages that `plan` needs, in its order. An index that does not fit them is not kept either.
std::vector<Fetched> fetch_messages(const GfsPlan& plan, Time cycle, Downloader& downloader) {
  std::vector<ByteRange> ranges;
  std::vector<const GfsMessage*> promised;
  for (const auto& [record, message] : plan.needed) {
    ranges.push_back(plan.records[record].bytes);
    promised.push_back(&message);
  }
  try {
    return downloader.ranges(plan.url, ranges, [&](size_t i, const fs::path& part) {
      check_message(part, *promised[i], cycle, origin_of(plan, promised[i]->channel));
    });
  } catch (const Error& error) {
    if (error.code() == ExitCode::bad_input) downloader.forget(index_url(plan));
    throw;
  }
}

// One state in the making: what load() knows.
struct Loading {
  const GfsPlan& plan;
  std::vector<Fetched> parts;  // [plan.needed]
  const LatLonGrid& grid;
  double gravity;

  // The message of a record as a field on `grid`, in the message's units.
  std::vector<double> field(const GfsPick& pick, size_t record) const {
    const std::string origin = origin_of(plan, pick.channel);
    const auto at = std::distance(plan.needed.begin(), plan.needed.find(record));
    const std::string bytes = read_file(parts[at].path, largest_message);
    const GribField field = decode_grib(std::as_bytes(std::span(bytes)), origin);
    return take_points(field.values, field.lon.size(), 1, match_grid(field.lat, field.lon, grid, origin));
  }

  std::vector<double> values(const GfsPick& pick) const {
    std::vector<double> values = field(pick, pick.record);
    if (pick.recipe == GfsRecipe::height_times_gravity) {
      for (double& height : values) height *= gravity;
    }
    if (pick.recipe == GfsRecipe::from_relative_humidity) {
      const std::vector<double> temperature = field(pick, pick.temperature);
      const double pressure = channel_info(pick.channel).level.value_or(0) * 100.0;
      for (size_t i = 0; i < values.size(); ++i) values[i] = specific_humidity(values[i], temperature[i], pressure);
    }
    return values;
  }
};

SourceRecord record_of(const GfsPlan& plan, const std::vector<Fetched>& parts) {
  SourceRecord record{plan.url, 0, "", {}};
  Sha256 digest;
  for (const Fetched& part : parts) {
    record.bytes += part.bytes;
    digest.update(read_file(part.path, largest_message));
  }
  record.sha256 = digest.hex();
  for (const GfsPick& pick : plan.picks) {
    if (pick.recipe == GfsRecipe::from_relative_humidity) {
      record.notes.push_back(pick.channel + " derived from relative humidity and temperature");
    }
  }
  return record;
}

}  // namespace

std::string gfs_url(Time cycle, const std::string& product) {
  if (cycle.time_since_epoch() % std::chrono::hours(6) != Duration::zero()) {
    fail(ExitCode::missing_input, "GFS has no analysis of {}: its cycles are 00, 06, 12 and 18 UTC", iso_time(cycle));
  }
  return format_time(cycle, "s3://noaa-gfs-bdp-pds/gfs.%Y%m%d/%H/atmos/gfs.t%Hz.pgrb2.") + product + ".f000";
}

GfsPlan plan_gfs(Time cycle, const std::string& product, const std::vector<std::string>& channels,
                 Downloader& downloader) {
  GfsPlan plan{gfs_url(cycle, product), {}, {}, {}};
  const std::string index = index_url(plan);
  downloader.file(index, [&](size_t, const fs::path& content) {
    plan.records = parse_gfs_index(read_file(content, largest_index), index);
    plan.picks = pick_gfs_records(plan.records, channels, cycle, index);
  });
  for (const GfsPick& pick : plan.picks) {
    const auto on_level = [&](const char* quantity) {
      return fmt::format("{}{}", quantity, channel_info(pick.channel).level.value_or(0));
    };
    const bool height = pick.recipe == GfsRecipe::height_times_gravity;
    const bool humidity = pick.recipe == GfsRecipe::from_relative_humidity;
    const std::string field = height ? on_level("gh") : humidity ? on_level("r") : pick.channel;
    plan.needed.try_emplace(pick.record, GfsMessage{pick.channel, field});
    if (humidity) plan.needed.try_emplace(pick.temperature, GfsMessage{pick.channel, on_level("t")});
  }
  return plan;
}

GfsSource::GfsSource(const InitialConditionsSpec& spec, Downloader& downloader)
    : product_(spec.product), gravity_(spec.gravity), check_(spec.check), downloader_(downloader) {}

State GfsSource::load(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid) {
  const GfsPlan plan = plan_gfs(valid_time, product_, channels, downloader_);
  const Loading loading{plan, fetch_messages(plan, valid_time, downloader_), grid, gravity_};

  State state{grid, channels, valid_time, {}};
  state.values.reserve(channels.size() * grid.points());
  for (const GfsPick& pick : plan.picks) {
    for (const double value : loading.values(pick)) state.values.push_back(static_cast<float>(value));
  }
  check_state(state, plan.url, check_);
  SourceRecord record = record_of(plan, loading.parts);
  const std::lock_guard lock(mutex_);
  // Loads of the same cycle may ask for different channels: the larger set stands for it, in any order of loads.
  SourceRecord& kept = records_[plan.url];
  if (record.bytes >= kept.bytes) kept = std::move(record);
  return state;
}

std::vector<SourceRecord> GfsSource::records() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceRecord> records;
  for (const auto& [url, record] : records_) records.push_back(record);
  return records;
}

}  // namespace hens
