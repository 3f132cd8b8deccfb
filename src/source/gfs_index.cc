#include "source/gfs_index.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "grid/channels.h"

namespace hens {
namespace {

constexpr size_t most_records = 100000;  // real files have 300 to 800

struct Field {
  std::string parameter, level;
};

// What the bucket's index calls a channel that is one of its fields; z is HGT, in metres.
std::optional<Field> gfs_field(const ChannelInfo& info) {
  static const std::vector<std::pair<std::string, Field>> single{
      {"u10m", {"UGRD", "10 m above ground"}},   {"v10m", {"VGRD", "10 m above ground"}},
      {"u100m", {"UGRD", "100 m above ground"}}, {"v100m", {"VGRD", "100 m above ground"}},
      {"t2m", {"TMP", "2 m above ground"}},      {"sp", {"PRES", "surface"}},
      {"msl", {"PRMSL", "mean sea level"}},      {"tcwv", {"PWAT", "entire atmosphere (considered as a single layer)"}},
      {"d2m", {"DPT", "2 m above ground"}},
  };
  static const std::vector<std::pair<std::string, std::string>> on_levels{
      {"u", "UGRD"}, {"v", "VGRD"}, {"w", "VVEL"}, {"z", "HGT"}, {"t", "TMP"}, {"q", "SPFH"}, {"r", "RH"}};
  if (!info.level) {
    for (const auto& [name, field] : single) {
      if (name == info.name) return field;
    }
    return std::nullopt;
  }
  for (const auto& [quantity, parameter] : on_levels) {
    if (quantity == info.quantity) return Field{parameter, fmt::format("{} mb", *info.level)};
  }
  return std::nullopt;
}

// The text before the next ':', taken off the front; none where there is no ':'.
std::optional<std::string_view> take_part(std::string_view& line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view part = line.substr(0, colon);
  line.remove_prefix(colon + 1);
  return part;
}

std::optional<uint64_t> whole_number(std::string_view text) {
  uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

// d=2025080100
std::optional<Time> cycle_time(std::string_view text) {
  const bool shape = text.size() == 12 && text.starts_with("d=") && whole_number(text.substr(2));
  if (!shape) return std::nullopt;
  const auto part = [&](size_t at, size_t digits) { return static_cast<int>(*whole_number(text.substr(at, digits))); };
  const std::chrono::year_month_day date{std::chrono::year(part(2, 4)), std::chrono::month(part(6, 2)),
                                         std::chrono::day(part(8, 2))};
  if (!date.ok() || part(10, 2) > 23) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(part(10, 2));
}

std::optional<GfsRecord> parse_line(std::string_view line) {
  const auto number = take_part(line), offset = take_part(line), date = take_part(line), parameter = take_part(line),
             level = take_part(line), forecast = take_part(line);
  if (!forecast || !whole_number(number->substr(0, number->find('.')))) return std::nullopt;
  const auto first = whole_number(*offset);
  const auto cycle = cycle_time(*date);
  if (!first || !cycle) return std::nullopt;
  while (line.ends_with(':')) line.remove_suffix(1);
  return GfsRecord{std::string(*number), {*first, std::nullopt}, *cycle,           std::string(*parameter),
                   std::string(*level),  std::string(*forecast), std::string(line)};
}

// A record ends where the next one with another offset begins; fields of one message share it.
void set_ends(std::vector<GfsRecord>& records, const std::string& origin) {
  for (size_t i = records.size(); i-- > 1;) {
    GfsRecord &here = records[i - 1], &next = records[i];
    if (here.bytes.first > next.bytes.first) {
      fail(ExitCode::bad_input, "{}: record {} starts at byte {}, before record {}: the index is damaged", origin,
           next.number, next.bytes.first, here.number);
    }
    here.bytes.last = here.bytes.first == next.bytes.first ? next.bytes.last : next.bytes.first - 1;
  }
}

bool is_named(const GfsRecord& record, const Field& field) {
  return record.parameter == field.parameter && record.level == field.level && record.qualifier.empty();
}

const GfsRecord* find_record(const std::vector<GfsRecord>& records, const Field& field) {
  const auto named = [&](const GfsRecord& r) { return is_named(r, field); };
  const auto analysis =
      std::ranges::find_if(records, [&](const GfsRecord& r) { return named(r) && r.forecast == "anl"; });
  if (analysis != records.end()) return &*analysis;
  const auto other = std::ranges::find_if(records, named);
  return other == records.end() ? nullptr : &*other;
}

// The index of the record of `field`, checked; none where it is not there.
std::optional<size_t> checked_record(const std::vector<GfsRecord>& records, const Field& field,
                                     const std::string& channel, Time cycle, const std::string& origin) {
  const GfsRecord* record = find_record(records, field);
  if (!record) return std::nullopt;
  if (record->cycle != cycle || record->forecast != "anl") {
    fail(ExitCode::bad_input, "{}: channel {}: its {}:{} is '{}' of the cycle {}; expected the analysis of {}", origin,
         channel, field.parameter, field.level, record->forecast, iso_time(record->cycle), iso_time(cycle));
  }
  return record - records.data();
}

}  // namespace

std::vector<GfsRecord> parse_gfs_index(std::string_view text, const std::string& origin) {
  std::vector<GfsRecord> records;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    auto record = parse_line(line);
    if (!record || records.size() == most_records) {
      fail(ExitCode::bad_input,
           "{}: line {}: '{}' is no record of a GFS index: expected number:offset:d=YYYYMMDDHH:"
           "parameter:level:forecast:",
           origin, number, line.substr(0, 120));
    }
    records.push_back(std::move(*record));
  }
  if (records.empty()) fail(ExitCode::bad_input, "{}: the index is empty: fetch it again", origin);
  set_ends(records, origin);
  return records;
}

namespace {

// Further analyses of the same field as records[index].
std::vector<size_t> copies_of(const std::vector<GfsRecord>& records, size_t index) {
  const GfsRecord& first = records[index];
  std::vector<size_t> copies;
  for (size_t i = index + 1; i < records.size(); ++i) {
    if (is_named(records[i], {first.parameter, first.level}) && records[i].forecast == first.forecast)
      copies.push_back(i);
  }
  return copies;
}

}  // namespace

std::vector<GfsPick> pick_gfs_records(const std::vector<GfsRecord>& records, const std::vector<std::string>& channels,
                                      Time cycle, const std::string& origin) {
  std::vector<GfsPick> picks;
  for (const std::string& channel : channels) {
    const ChannelInfo info = channel_info(channel);
    const auto field = gfs_field(info);
    if (!field) fail(ExitCode::bad_input, "{}: channel {}: GFS has no such field", origin, channel);
    const auto find = [&](const std::string& parameter) {
      return checked_record(records, {parameter, field->level}, channel, cycle, origin);
    };
    const auto record = find(field->parameter);
    const bool is_humidity = info.level && info.quantity == "q";
    if (record) {
      const bool is_height = info.level && info.quantity == "z";
      picks.push_back({channel, is_height ? GfsRecipe::height_times_gravity : GfsRecipe::as_is, *record, 0,
                       copies_of(records, *record)});
      continue;
    }
    const auto relative = is_humidity ? find("RH") : std::nullopt;
    const auto temperature = is_humidity ? find("TMP") : std::nullopt;
    if (!relative || !temperature) {
      fail(ExitCode::bad_input, "{}: channel {}: there is no record {}:{}{}", origin, channel, field->parameter,
           field->level, is_humidity ? ", nor RH and TMP to make it from" : "");
    }
    picks.push_back(
        {channel, GfsRecipe::from_relative_humidity, *relative, *temperature, copies_of(records, *relative)});
  }
  return picks;
}

}  // namespace hens
