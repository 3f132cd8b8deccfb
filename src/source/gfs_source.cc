#include "source/gfs_source.h"

#include <algorithm>
#include <numeric>

#include "base/checksum.h"
#include "base/error.h"
#include "grid/channels.h"
#include "source/grib_message.h"
#include "source/grid_match.h"
#include "source/humidity.h"

namespace hens {
namespace {

constexpr uint64_t largest_index = 16 << 20, largest_message = 256 << 20;

// The message of a record as a field on `grid`, checked to be what the index promised. In the message's units.
std::vector<double> read_field(const fs::path& part, const std::string& expected, const std::string& channel,
                               Time cycle, const LatLonGrid& grid, const std::string& url) {
  const std::string origin = fmt::format("{}: channel {}", url, channel);
  const std::string bytes = read_file(part, largest_message);
  const GribField field = decode_grib(std::as_bytes(std::span(bytes)), origin);
  if (field.label.field != expected) {
    fail(ExitCode::bad_input,
         "{}: wrong message: the index promises {}, the message holds '{}'; the index does not "
         "belong to this file",
         origin, expected, field.label.text);
  }
  if (field.label.reference_time != cycle || field.label.valid_time != cycle) {
    fail(ExitCode::bad_input, "{}: wrong cycle: the message is of {} and valid at {}; expected the analysis of {}",
         origin, iso_time(field.label.reference_time), iso_time(field.label.valid_time), iso_time(cycle));
  }
  return take_points(field.values, field.lon.size(), 1, match_grid(field.lat, field.lon, grid, origin));
}

// One state in the making: what load() knows.
struct Loading {
  const GfsPlan& plan;
  std::vector<Fetched> parts;  // [plan.needed]
  Time cycle;
  const LatLonGrid& grid;
  double gravity;

  std::vector<double> field(const GfsPick& pick, size_t record, const std::string& expected) const {
    const auto at = std::ranges::lower_bound(plan.needed, record) - plan.needed.begin();
    return read_field(parts[at].path, expected, pick.channel, cycle, grid, plan.url);
  }

  std::vector<double> values(const GfsPick& pick) const {
    const ChannelInfo info = channel_info(pick.channel);
    const auto on_level = [&](const char* quantity) { return fmt::format("{}{}", quantity, info.level.value_or(0)); };
    if (pick.recipe == GfsRecipe::as_is) return field(pick, pick.record, pick.channel);
    if (pick.recipe == GfsRecipe::height_times_gravity) {
      std::vector<double> heights = field(pick, pick.record, on_level("gh"));
      for (double& height : heights) height *= gravity;
      return heights;
    }
    std::vector<double> humidity = field(pick, pick.record, on_level("r"));
    const std::vector<double> temperature = field(pick, pick.temperature, on_level("t"));
    for (size_t i = 0; i < humidity.size(); ++i) {
      humidity[i] = specific_humidity(humidity[i], temperature[i], *info.level * 100.0);
    }
    return humidity;
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
  const std::string index = plan.url + ".idx";
  plan.records = parse_gfs_index(read_file(downloader.file(index).path, largest_index), index);
  plan.picks = pick_gfs_records(plan.records, channels, cycle, index);
  for (const GfsPick& pick : plan.picks) {
    plan.needed.push_back(pick.record);
    if (pick.recipe == GfsRecipe::from_relative_humidity) plan.needed.push_back(pick.temperature);
  }
  std::ranges::sort(plan.needed);
  plan.needed.erase(std::unique(plan.needed.begin(), plan.needed.end()), plan.needed.end());
  return plan;
}

GfsSource::GfsSource(std::string product, double gravity, Downloader& downloader)
    : product_(std::move(product)), gravity_(gravity), downloader_(downloader) {}

State GfsSource::load(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid) {
  const GfsPlan plan = plan_gfs(valid_time, product_, channels, downloader_);
  std::vector<ByteRange> ranges;
  for (const size_t record : plan.needed) ranges.push_back(plan.records[record].bytes);
  const Loading loading{plan, downloader_.ranges(plan.url, ranges), valid_time, grid, gravity_};

  State state{grid, channels, valid_time, {}};
  state.values.reserve(channels.size() * grid.points());
  for (const GfsPick& pick : plan.picks) {
    for (const double value : loading.values(pick)) state.values.push_back(static_cast<float>(value));
  }
  check_state(state, plan.url);
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
