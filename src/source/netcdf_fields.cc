#include "source/netcdf_fields.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/ranges.h>

#include "base/error.h"
#include "source/cf_time.h"
#include "source/grid_match.h"
#include "source/netcdf_file.h"
#include "source/netcdf_names.h"

namespace hens {
namespace {

constexpr size_t longest_coordinate = 10'000'000;

bool is_one_of(const std::string& text, std::initializer_list<const char*> choices) {
  return std::ranges::any_of(choices, [&](const char* choice) { return text == choice; });
}

enum class Role { latitude, longitude, level, time, lead, other };

// Where in a variable the field of one channel lies.
struct Place {
  const NetcdfVariable* variable = nullptr;
  std::vector<size_t> start, count;
  size_t latitude = 0, longitude = 0;  // positions of these dimensions
};

class NetcdfFields : public FieldFile {
 public:
  NetcdfFields(const fs::path& path, std::string origin) : file_(path, std::move(origin)) {}

  std::optional<std::vector<float>> read(const FieldRequest& request, FileUse& use) override;
  std::string content() const override;

 private:
  Role role_of(const std::string& dimension) const;
  bool has_metre_winds() const;
  std::optional<Place> find(const ChannelInfo& channel, Time time) const;
  std::optional<Place> place_of(const NetcdfVariable& variable, const ChannelInfo& channel, Time time) const;
  std::optional<size_t> level_index(const std::string& dimension, int hectopascal) const;
  bool find_time(const NetcdfVariable& variable, Time time, std::vector<size_t>& start) const;
  CfClock clock_of(const NetcdfVariable& variable) const;
  const NetcdfVariable* scalar_time() const;
  std::vector<double> coordinate(const std::string& dimension) const;

  NetcdfFile file_;
};

Role NetcdfFields::role_of(const std::string& dimension) const {
  const NetcdfVariable* axis = file_.find(dimension);
  const std::string units = axis ? file_.text(*axis, "units") : "";
  if (is_one_of(dimension, {"lat", "latitude"}) || is_one_of(units, {"degrees_north", "degree_north"}))
    return Role::latitude;
  if (is_one_of(dimension, {"lon", "longitude"}) || is_one_of(units, {"degrees_east", "degree_east"}))
    return Role::longitude;
  if (is_one_of(dimension,
                {"level", "pressure_level", "isobaricInhPa", "isobaricInPa", "plev", "lev", "levels", "pressure"})) {
    return Role::level;
  }
  if (is_one_of(dimension, {"lead_time", "step", "prediction_timedelta"})) return Role::lead;
  if (is_one_of(dimension, {"time", "valid_time"}) || units.find(" since ") != std::string::npos) return Role::time;
  return Role::other;
}

// ERA5 says "100 metre U wind component"; our stores say hPa. Without long names the company decides: a file with a
// channel of ours beside it is ours.
bool NetcdfFields::has_metre_winds() const {
  for (const char* name : {"u10", "v10", "u100", "v100"}) {
    const NetcdfVariable* variable = file_.find(name);
    if (!variable) continue;
    const std::string text = file_.text(*variable, "long_name");
    if (text.find("hPa") != std::string::npos) return false;
    if (text.find("metre") != std::string::npos || text.find("meter") != std::string::npos) return true;
  }
  return std::ranges::none_of(file_.variables(), [](const NetcdfVariable& variable) {
    const bool named_as_channel = is_channel(variable.name) && channel_info(variable.name).level;
    const bool ambiguous = is_one_of(variable.name, {"u10", "v10", "u100", "v100"});
    return is_one_of(variable.name, {"u10m", "v10m", "u100m", "v100m"}) || (named_as_channel && !ambiguous);
  });
}

std::optional<Place> NetcdfFields::find(const ChannelInfo& channel, Time time) const {
  std::vector<std::string> names = single_field_names(channel, has_metre_winds());
  for (const std::string& name : level_field_names(channel)) names.push_back(name);
  for (const std::string& name : names) {
    const NetcdfVariable* variable = file_.find(name);
    if (!variable || !variable->numeric) continue;
    if (const auto place = place_of(*variable, channel, time)) return place;
  }
  return std::nullopt;
}

std::optional<Place> NetcdfFields::place_of(const NetcdfVariable& variable, const ChannelInfo& channel,
                                            Time time) const {
  const size_t rank = variable.shape.size();
  Place place{&variable, std::vector<size_t>(rank, 0), std::vector<size_t>(rank, 1), rank, rank};
  bool has_level = false;
  for (size_t d = 0; d < rank; ++d) {
    const std::string& dimension = variable.dimensions[d];
    const Role role = role_of(dimension);
    if (role == Role::latitude) place.latitude = d, place.count[d] = variable.shape[d];
    if (role == Role::longitude) place.longitude = d, place.count[d] = variable.shape[d];
    if (role == Role::level) {
      const auto index = channel.level ? level_index(dimension, *channel.level) : std::nullopt;
      if (!index) return std::nullopt;
      place.start[d] = *index;
      has_level = true;
    }
    if (role == Role::other && variable.shape[d] != 1) {
      fail(ExitCode::bad_input,
           "{}: channel {}: dimension '{}' of variable {} has {} entries: expected one; take the one to "
           "start from (ncks -d {},0)",
           file_.origin(), channel.name, dimension, variable.name, variable.shape[d], dimension);
    }
  }
  if (place.latitude == rank || place.longitude == rank) return std::nullopt;
  // A variable named after a quantity alone needs its level, one named after a channel has none.
  if (has_level != (channel.level && variable.name != channel.name)) return std::nullopt;
  if (!find_time(variable, time, place.start)) return std::nullopt;
  return place;
}

std::vector<double> NetcdfFields::coordinate(const std::string& dimension) const {
  const NetcdfVariable* axis = file_.find(dimension);
  if (!axis || axis->shape.size() != 1 || axis->size() > longest_coordinate) {
    fail(ExitCode::bad_input, "{}: dimension '{}' has no coordinate variable of its name", file_.origin(), dimension);
  }
  return file_.read_all(*axis);
}

std::optional<size_t> NetcdfFields::level_index(const std::string& dimension, int hectopascal) const {
  const std::vector<double> levels = coordinate(dimension);
  const std::string units = file_.text(*file_.find(dimension), "units");
  // Without units the numbers tell: no level in hPa lies above 1100.
  const bool unnamed_pascal = !is_one_of(units, {"hPa", "millibars", "millibar", "mb", "mbar"}) && !levels.empty() &&
                              *std::ranges::max_element(levels) > 1100;
  const double unit = units == "Pa" || unnamed_pascal ? 100.0 : 1.0;
  const auto found =
      std::ranges::find_if(levels, [&](double l) { return std::abs(l - hectopascal * unit) < 0.01 * unit; });
  if (found == levels.end()) return std::nullopt;
  return found - levels.begin();
}

CfClock NetcdfFields::clock_of(const NetcdfVariable& variable) const {
  const std::string units = file_.text(variable, "units"), calendar = file_.text(variable, "calendar");
  const auto clock = parse_cf_clock(units, calendar);
  if (!clock) {
    fail(ExitCode::bad_input,
         "{}: time '{}' has units '{}'{}: expected, as CF has it, 'hours since 1900-01-01 00:00:00' in "
         "UTC and the standard calendar",
         file_.origin(), variable.name, units, calendar.empty() ? "" : " and calendar '" + calendar + "'");
  }
  return *clock;
}

// The time of a file without a dimension of time.
const NetcdfVariable* NetcdfFields::scalar_time() const {
  for (const char* name : {"valid_time", "time"}) {
    const NetcdfVariable* variable = file_.find(name);
    if (variable && variable->numeric && variable->size() == 1) return variable;
  }
  return nullptr;
}

// Sets `start` along the dimensions of time and lead time to where their sum is `time`.
bool NetcdfFields::find_time(const NetcdfVariable& variable, Time time, std::vector<size_t>& start) const {
  std::optional<size_t> times, leads;
  for (size_t d = 0; d < start.size(); ++d) {
    const Role role = role_of(variable.dimensions[d]);
    if (role == Role::time) times = d;
    if (role == Role::lead) leads = d;
  }
  const NetcdfVariable* axis = times ? file_.find(variable.dimensions[*times]) : scalar_time();
  if (!axis) {
    fail(ExitCode::bad_input,
         "{}: variable {} has no time: expected a coordinate 'time' or 'valid_time' with units like "
         "'hours since 1900-01-01'",
         file_.origin(), variable.name);
  }
  const CfClock clock = clock_of(*axis);
  const std::vector<double> points = times ? coordinate(variable.dimensions[*times]) : file_.read_all(*axis);
  std::vector<double> ahead{0.0};  // seconds
  if (leads) {
    ahead = coordinate(variable.dimensions[*leads]);
    const std::string units = file_.text(*file_.find(variable.dimensions[*leads]), "units");
    const auto unit = cf_unit_seconds(units);
    if (!unit) fail(ExitCode::bad_input, "{}: lead time has units '{}': expected hours", file_.origin(), units);
    for (double& lead : ahead) lead *= *unit;
  }
  for (size_t t = 0; t < points.size(); ++t) {
    for (size_t l = 0; l < ahead.size(); ++l) {
      if (clock.at(points[t] + ahead[l] / clock.unit_seconds) != time) continue;
      if (times) start[*times] = t;
      if (leads) start[*leads] = l;
      return true;
    }
  }
  return false;
}

std::optional<std::vector<float>> NetcdfFields::read(const FieldRequest& request, FileUse& use) {
  const auto place = find(channel_info(request.channel()), request.time);
  if (!place) return std::nullopt;
  const NetcdfVariable& variable = *place->variable;
  const std::vector<double> lat = coordinate(variable.dimensions[place->latitude]);
  const std::vector<double> lon = coordinate(variable.dimensions[place->longitude]);
  const std::string origin =
      fmt::format("{}: channel {}, variable {}", file_.origin(), request.channel(), variable.name);
  const GridMatch match = match_grid(lat, lon, request.grid, origin);
  const std::vector<double> slab = file_.read(variable, place->start, place->count);
  const bool rows_first = place->latitude < place->longitude;
  const auto points = take_points(slab, rows_first ? lon.size() : 1, rows_first ? 1 : lat.size(), match);
  const std::vector<float> field(points.begin(), points.end());
  if (use.bytes == 0) use.notes.push_back("bytes and sha256 are those of the fields read, as float32");
  use.bytes += field.size() * sizeof(float);
  use.digest.update(std::as_bytes(std::span(field)));
  return field;
}

std::string NetcdfFields::content() const {
  std::vector<std::string> names;
  std::set<std::string> times;
  for (const NetcdfVariable& variable : file_.variables()) {
    if (variable.shape.size() >= 2 && names.size() < 100) names.push_back(variable.name);
    const bool is_time = role_of(variable.name) == Role::time && variable.shape.size() <= 1 && variable.numeric;
    if (!is_time || variable.size() > longest_coordinate) continue;
    const auto clock = parse_cf_clock(file_.text(variable, "units"), file_.text(variable, "calendar"));
    for (const double point : clock ? file_.read_all(variable) : std::vector<double>{}) {
      if (const auto time = clock->at(point)) times.insert(iso_time(*time));
    }
  }
  const std::string when = times.empty() ? "no time"
                           : times.size() == 1
                               ? *times.begin()
                               : fmt::format("{} times, {} .. {}", times.size(), *times.begin(), *times.rbegin());
  return fmt::format("variables {} at {}", fmt::join(names, " "), when);
}

}  // namespace

std::unique_ptr<FieldFile> open_netcdf_fields(const fs::path& path, const std::string& origin) {
  return std::make_unique<NetcdfFields>(path, origin);
}

}  // namespace hens
