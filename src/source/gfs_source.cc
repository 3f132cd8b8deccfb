#include "source/gfs_source.h"

#include <optional>

#include "base/checksum.h"
#include "base/error.h"
#include "grid/channels.h"
#include "source/gfs_decode.h"

namespace hens {
namespace {

constexpr uint64_t largest_index = 16 << 20, largest_message = 256 << 20;

std::string index_url(const GfsPlan& plan) { return plan.url + ".idx"; }

// The messages that `plan` needs, in its order. An index that does not fit them is not kept either.
std::vector<Fetched> fetch_messages(const GfsPlan& plan, Time cycle, Downloader& downloader, GfsDecoder& decoder) {
  std::vector<ByteRange> ranges;
  std::vector<const GfsMessage*> promised;
  for (const auto& [record, message] : plan.needed) {
    ranges.push_back(plan.records[record].bytes);
    promised.push_back(&message);
  }
  try {
    return downloader.ranges(plan.url, ranges, [&](size_t i, const fs::path& part) {
      decoder.check_message(part, *promised[i], cycle, gfs_origin(plan, promised[i]->channel));
    });
  } catch (const Error& error) {
    if (error.code() == ExitCode::bad_input) downloader.forget(index_url(plan));
    throw;
  }
}

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

std::vector<std::string> gfs_urls(Time cycle, const std::string& product) {
  if (cycle.time_since_epoch() % std::chrono::hours(6) != Duration::zero()) {
    fail(ExitCode::missing_input, "GFS has no analysis of {}: its cycles are 00, 06, 12 and 18 UTC", iso_time(cycle));
  }
  constexpr Time gfs_16 = std::chrono::sys_days(std::chrono::year(2021) / 3 / 22) + std::chrono::hours(12);
  const auto url = [&](const char* pattern) { return format_time(cycle, pattern) + product + ".f000"; };
  std::vector<std::string> urls{url("s3://noaa-gfs-bdp-pds/gfs.%Y%m%d/%H/atmos/gfs.t%Hz.pgrb2.")};
  if (cycle < gfs_16) urls.insert(urls.begin(), url("s3://noaa-gfs-bdp-pds/gfs.%Y%m%d/%H/gfs.t%Hz.pgrb2."));
  return urls;
}

namespace {

// The index at the first address that has one; sets plan.url.
void read_index(GfsPlan& plan, Time cycle, const std::string& product, const std::vector<std::string>& channels,
                Downloader& downloader) {
  std::string missing;
  std::optional<Error> other;  // than that nothing is there
  for (const std::string& url : gfs_urls(cycle, product)) {
    plan.url = url;
    const std::string index = index_url(plan);
    try {
      downloader.file(index, [&](size_t, const fs::path& content) {
        plan.records = parse_gfs_index(read_file(content, largest_index), index);
        plan.picks = pick_gfs_records(plan.records, channels, cycle, index);
      });
      return;
    } catch (const Error& error) {
      if (error.code() == ExitCode::interrupted) throw;
      if (error.code() != ExitCode::missing_input) other.emplace(error);
      missing += fmt::format("{}{}", missing.empty() ? "" : "; ", error.what());
    }
  }
  if (other) throw Error(*other);
  const bool before = cycle < gfs_bucket_begin;
  fail(ExitCode::missing_input, "the GFS analysis of {} is not there: {}{}", iso_time(cycle), missing,
       before ? "; the public bucket begins on 2021-01-01: older ones need a mirror (mirrors.s3) or source: grib" : "");
}

}  // namespace

GfsPlan plan_gfs(Time cycle, const std::string& product, const std::vector<std::string>& channels,
                 Downloader& downloader) {
  GfsPlan plan;
  read_index(plan, cycle, product, channels, downloader);
  for (const GfsPick& pick : plan.picks) {
    const auto on_level = [&](const char* quantity) {
      return fmt::format("{}{}", quantity, channel_info(pick.channel).level.value_or(0));
    };
    const bool height = pick.recipe == GfsRecipe::height_times_gravity;
    const bool humidity = pick.recipe == GfsRecipe::from_relative_humidity;
    const std::string field = height ? on_level("gh") : humidity ? on_level("r") : pick.channel;
    plan.needed.try_emplace(pick.record, GfsMessage{pick.channel, field});
    for (const size_t copy : pick.copies) plan.needed.try_emplace(copy, GfsMessage{pick.channel, field});
    if (humidity) plan.needed.try_emplace(pick.temperature, GfsMessage{pick.channel, on_level("t")});
  }
  return plan;
}

GfsSource::GfsSource(const InitialConditionsSpec& spec, Downloader& downloader)
    : product_(spec.product),
      gravity_(spec.gravity),
      check_(spec.check),
      downloader_(downloader),
      decoder_(std::make_unique<GfsDecoder>()) {}
GfsSource::~GfsSource() = default;

State GfsSource::load(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid) {
  const GfsPlan plan = plan_gfs(valid_time, product_, channels, downloader_);
  const std::vector<Fetched> messages = fetch_messages(plan, valid_time, downloader_, *decoder_);
  std::vector<fs::path> parts;
  for (const Fetched& message : messages) parts.push_back(message.path);

  State state{grid, channels, valid_time, {}};
  state.values.reserve(channels.size() * grid.points());
  for (size_t pick = 0; pick < plan.picks.size(); ++pick) {
    const std::vector<float> field = decoder_->channel(plan, pick, parts, grid, gravity_);
    state.values.insert(state.values.end(), field.begin(), field.end());
  }
  check_state(state, plan.url, check_);
  SourceRecord record = record_of(plan, messages);
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
