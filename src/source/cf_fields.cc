#include "source/cf_fields.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/ranges.h>

#include "base/error.h"
#include "source/cf_time.h"
#include "source/grid_match.h"
#include "source/netcdf_file.h"
#include "source/netcdf_names.h"
#include "source/units.h"
#include "source/zarr_dataset.h"

namespace hens {
namespace {

constexpr size_t longest_coordinate = 10'000'000;
constexpr size_t most_entries_named = 100'000;  // of members and lead times, in messages
constexpr size_t most_entries = 16;             // of one field: versions of a reanalysis, repetitions of a time

bool is_one_of(const std::string& text, std::initializer_list<const char*> choices) {
  return std::ranges::any_of(choices, [&](const char* choice) { return text == choice; });
}

constexpr const char* member_names[] = {"ensemble", "number", "realization", "member"};
bool is_member_name(const std::string& name) {
  return std::ranges::any_of(member_names, [&](const char* known) { return name == known; });
}

// version: ERA5's `expver`, which has the final reanalysis beside the preliminary one (ERA5T), one of them empty.
enum class Role { latitude, longitude, level, time, lead, member, version, other };

// Where in a variable the field of one channel lies.
struct Place {
  const DatasetVariable* variable = nullptr;
  std::vector<size_t> start, count;
  size_t latitude = 0, longitude = 0;  // positions of these dimensions
  std::optional<size_t> version;       // position of that dimension
};

struct Entry {
  const Place* place = nullptr;
  std::vector<float> field;
  bool has_values() const {
    return std::ranges::any_of(field, [](float value) { return !std::isnan(value); });
  }
};

// Entries of the axes of time and lead time.
struct Moments {
  size_t time = 0, lead = 0;
};

class CfFields : public FieldFile {
 public:
  CfFields(std::unique_ptr<Dataset> file, const ForecastChoice& choice, bool climatology)
      : file_(std::move(file)), choice_(choice), climatology_(climatology) {}

  std::optional<std::vector<float>> read(const FieldRequest& request, FileUse& use) override;
  std::string content() const override;

 private:
  Role role_of(const std::string& dimension) const;
  bool has_metre_winds() const;
  std::vector<Place> find(const ChannelInfo& channel, Time time, std::optional<double> quantile) const;
  std::vector<Place> places_of(const DatasetVariable& variable, const ChannelInfo& channel, bool on_levels, Time time,
                               std::optional<double> quantile) const;
  std::optional<size_t> level_index(const std::string& dimension, int hectopascal) const;
  std::optional<size_t> season_index(const std::string& dimension, size_t length, Time time) const;
  std::optional<size_t> member_index(const DatasetVariable& variable, size_t d, const ChannelInfo& channel) const;
  bool is_chosen_member(const DatasetVariable& variable, const ChannelInfo& channel) const;
  std::vector<Moments> find_time(const DatasetVariable& variable, Time time) const;
  std::optional<Time> reference_time() const;
  std::vector<double> lead_times(const DatasetVariable& variable, std::optional<size_t> dimension, Time time) const;
  UnitConversion conversion_of(const DatasetVariable& variable, const FieldRequest& request) const;
  std::optional<std::vector<float>> field_at(const Place& place, const FieldRequest& request,
                                             const UnitConversion& conversion) const;
  std::string entry_text(const Place& place) const;
  std::string choice_text() const;
  void require_same(const Entry& a, const Entry& b, const FieldRequest& request) const;
  CfClock clock_of(const DatasetVariable& variable) const;
  const DatasetVariable* scalar_time() const;
  std::vector<double> coordinate(const std::string& dimension) const;

  std::unique_ptr<Dataset> file_;
  ForecastChoice choice_;
  bool climatology_ = false;
};

Role CfFields::role_of(const std::string& dimension) const {
  const DatasetVariable* axis = file_->find(dimension);
  const std::string units = axis ? file_->text(*axis, "units") : "";
  if (is_one_of(dimension, {"lat", "latitude"}) || is_one_of(units, {"degrees_north", "degree_north"}))
    return Role::latitude;
  if (is_one_of(dimension, {"lon", "longitude"}) || is_one_of(units, {"degrees_east", "degree_east"}))
    return Role::longitude;
  if (is_one_of(dimension,
                {"level", "pressure_level", "isobaricInhPa", "isobaricInPa", "plev", "lev", "levels", "pressure"}) ||
      (axis && (file_->text(*axis, "standard_name") == "air_pressure" || pressure_unit(units)))) {
    return Role::level;
  }
  if (dimension == "expver") return Role::version;
  if (is_member_name(dimension) || (axis && file_->text(*axis, "standard_name") == "realization")) return Role::member;
  if (is_one_of(dimension, {"lead_time", "step", "prediction_timedelta"})) return Role::lead;
  if (is_one_of(dimension, {"time", "valid_time"}) || is_cf_clock(units)) return Role::time;
  return Role::other;
}

// ERA5 says "100 metre U wind component"; our stores say hPa. Without long names the company decides: a file with a
// channel of ours beside it is ours.
bool CfFields::has_metre_winds() const {
  for (const char* name : {"u10", "v10", "u100", "v100"}) {
    const DatasetVariable* variable = file_->find(name);
    if (!variable) continue;
    const std::string text = file_->text(*variable, "long_name");
    if (text.find("hPa") != std::string::npos) return false;
    if (text.find("metre") != std::string::npos || text.find("meter") != std::string::npos) return true;
  }
  // A store that does not list its variables knows those that were asked for.
  for (const char* name : {"u10m", "v10m", "u100m", "v100m", "z500", "t850"}) {
    if (file_->find(name) != nullptr) return false;
  }
  return std::ranges::none_of(file_->variables(), [](const DatasetVariable& variable) {
    const bool named_as_channel = is_channel(variable.name) && channel_info(variable.name).level;
    return named_as_channel && !is_one_of(variable.name, {"u10", "v10", "u100", "v100"});
  });
}

// Every entry of the file that is the field: one, unless versions or times are repeated.
std::vector<Place> CfFields::find(const ChannelInfo& channel, Time time, std::optional<double> quantile) const {
  std::vector<std::string> single = single_field_names(channel, has_metre_winds()),
                           on_levels = level_field_names(channel);
  if (quantile) single = {channel.name + "_quantile", channel.name}, on_levels.clear();
  for (const auto* names : {&single, &on_levels}) {
    for (const std::string& name : *names) {
      const DatasetVariable* variable = file_->find(name);
      if (!variable || !variable->numeric) continue;
      auto places = places_of(*variable, channel, names == &on_levels, time, quantile);
      if (!places.empty()) return places;
    }
  }
  return {};
}

// A variable named after a quantity alone (`on_levels`) needs its level, one named after a channel has none.
std::vector<Place> CfFields::places_of(const DatasetVariable& variable, const ChannelInfo& channel, bool on_levels,
                                       Time time, std::optional<double> quantile) const {
  const size_t rank = variable.shape.size();
  Place place{&variable, std::vector<size_t>(rank, 0), std::vector<size_t>(rank, 1), rank, rank, std::nullopt};
  std::optional<size_t> time_dimension, lead_dimension;
  bool has_level = false, has_quantile = false, has_member = false;
  for (size_t d = 0; d < rank; ++d) {
    const std::string& dimension = variable.dimensions[d];
    const Role role = role_of(dimension);
    if (role == Role::latitude) place.latitude = d, place.count[d] = variable.shape[d];
    if (role == Role::longitude) place.longitude = d, place.count[d] = variable.shape[d];
    if (role == Role::time) time_dimension = d;
    if (role == Role::lead) lead_dimension = d;
    if (role == Role::version) place.version = d;
    if (quantile && dimension == "quantile") {
      const std::vector<double> levels = coordinate(dimension);
      const auto found = std::ranges::find_if(levels, [&](double level) { return std::abs(level - *quantile) < 1e-6; });
      if (found == levels.end()) return {};
      place.start[d] = static_cast<size_t>(found - levels.begin());
      has_quantile = true;
      continue;
    }
    if (const auto season = season_index(dimension, variable.shape[d], time)) {
      place.start[d] = *season;
      continue;
    }
    if (role == Role::level) {
      const auto index = channel.level ? level_index(dimension, *channel.level) : std::nullopt;
      if (!index) return {};
      place.start[d] = *index;
      has_level = true;
    }
    if (role == Role::member) {
      const auto index = member_index(variable, d, channel);
      if (!index) return {};
      place.start[d] = *index;
      has_member = true;
    }
    if (role == Role::other && variable.shape[d] != 1) {
      fail(ExitCode::bad_input,
           "{}: channel {}: dimension '{}' of variable {} has {} entries: expected one; take the one to "
           "start from (ncks -d {},0, or isel of xarray)",
           file_->origin(), channel.name, dimension, variable.name, variable.shape[d], dimension);
    }
    if (variable.shape[d] == 0) return {};
  }
  if (!has_member && !is_chosen_member(variable, channel)) return {};
  if (place.latitude == rank || place.longitude == rank || has_level != on_levels) return {};
  if (has_quantile != quantile.has_value()) return {};
  std::vector<Place> places;
  for (const Moments& moment : find_time(variable, time)) {
    if (time_dimension) place.start[*time_dimension] = moment.time;
    if (lead_dimension) place.start[*lead_dimension] = moment.lead;
    for (size_t d = 0; d < rank; ++d) {
      if (place.start[d] < variable.shape[d]) continue;
      fail(ExitCode::bad_input, "{}: channel {}: the coordinates along '{}' are longer than variable {}",
           file_->origin(), channel.name, variable.dimensions[d], variable.name);
    }
    for (size_t version = 0; version < (place.version ? variable.shape[*place.version] : 1); ++version) {
      if (place.version) place.start[*place.version] = version;
      if (places.size() == most_entries) {
        fail(ExitCode::bad_input, "{}: channel {}: variable {} has more than {} entries for {}", file_->origin(),
             channel.name, variable.name, most_entries, iso_time(time));
      }
      places.push_back(place);
    }
  }
  return places;
}

std::vector<double> CfFields::coordinate(const std::string& dimension) const {
  const DatasetVariable* axis = file_->find(dimension);
  if (!axis || axis->shape.size() != 1 || axis->size() > longest_coordinate) {
    fail(ExitCode::bad_input, "{}: dimension '{}' has no coordinate variable of its name", file_->origin(), dimension);
  }
  return file_->read_all(*axis);
}

std::optional<size_t> CfFields::level_index(const std::string& dimension, int hectopascal) const {
  const std::vector<double> levels = coordinate(dimension);
  const DatasetVariable& axis = *file_->find(dimension);
  const std::string units = file_->text(axis, "units"), standard_name = file_->text(axis, "standard_name");
  const auto pascal = pressure_unit(units);
  const bool of_model =
      standard_name.starts_with("atmosphere_") || standard_name.find("model_level") != std::string::npos;
  if (of_model || (!units.empty() && !pascal)) {
    fail(ExitCode::bad_input,
         "{}: dimension '{}' has units '{}'{}: expected levels of pressure, in hPa, mbar or Pa; interpolate "
         "other levels to these first",
         file_->origin(), dimension, units, standard_name.empty() ? "" : " and standard_name '" + standard_name + "'");
  }
  // Without units the numbers tell: no level in hPa lies above 1100.
  const bool in_pascal = !levels.empty() && *std::ranges::max_element(levels) > 1100;
  const double unit = pascal.value_or(in_pascal ? 1.0 : 100.0) / 100.0;  // hPa
  const auto found = std::ranges::find_if(levels, [&](double l) { return std::abs(l * unit - hectopascal) < 0.01; });
  if (found == levels.end()) return std::nullopt;
  return found - levels.begin();
}

// Where along dimension `d` the chosen member stands; the only one where none was chosen.
std::optional<size_t> CfFields::member_index(const DatasetVariable& variable, size_t d,
                                             const ChannelInfo& channel) const {
  const std::string& dimension = variable.dimensions[d];
  const size_t length = variable.shape[d];
  std::vector<double> numbers;
  if (const DatasetVariable* axis = file_->find(dimension); axis && axis->numeric) numbers = coordinate(dimension);
  for (size_t k = numbers.size(); k < length; ++k) numbers.push_back(static_cast<double>(k));
  if (!choice_.member) {
    if (length == 1) return 0;
    fail(ExitCode::bad_input,
         "{}: channel {}: variable {} has {} entries of '{}': expected one; a job names it as "
         "initial_conditions.member",
         file_->origin(), channel.name, variable.name, length, dimension);
  }
  const auto last = numbers.begin() + static_cast<std::ptrdiff_t>(length);
  const auto found = std::find(numbers.begin(), last, static_cast<double>(*choice_.member));
  if (found == last) return std::nullopt;
  if (std::find(found + 1, last, *found) != last) {
    fail(ExitCode::bad_input, "{}: member {} stands twice along '{}'", file_->origin(), *choice_.member, dimension);
  }
  return static_cast<size_t>(found - numbers.begin());
}

// Of a variable without a dimension of members: whether the one that the file is of was chosen.
bool CfFields::is_chosen_member(const DatasetVariable& variable, const ChannelInfo& channel) const {
  if (!choice_.member) return true;
  for (const char* name : member_names) {
    const DatasetVariable* number = file_->find(name);
    if (number && number->numeric && number->size() == 1) return file_->read_all(*number).front() == *choice_.member;
  }
  fail(ExitCode::bad_input,
       "{}: channel {}: variable {} has no dimension of members (ensemble, number): initial_conditions.member: {} is "
       "not known there; leave it out",
       file_->origin(), channel.name, variable.name, *choice_.member);
}

CfClock CfFields::clock_of(const DatasetVariable& variable) const {
  const std::string units = file_->text(variable, "units"), calendar = file_->text(variable, "calendar");
  const CfClockReading reading = read_cf_clock(units, calendar);
  if (!reading.clock) {
    fail(ExitCode::bad_input,
         "{}: time '{}' has units '{}'{}: {}; CF's form is 'hours since 1900-01-01 00:00:00', in UTC", file_->origin(),
         variable.name, units, calendar.empty() ? "" : " and calendar '" + calendar + "'", reading.problem);
  }
  return *reading.clock;
}

// The time of a file without a dimension of time.
const DatasetVariable* CfFields::scalar_time() const {
  for (const char* name : {"valid_time", "time"}) {
    const DatasetVariable* variable = file_->find(name);
    if (variable && variable->numeric && variable->size() == 1) return variable;
  }
  return nullptr;
}

// The time that a forecast of one initial time began; none where the file does not say.
std::optional<Time> CfFields::reference_time() const {
  for (const char* name : {"forecast_reference_time", "reference_time", "initial_time"}) {
    const DatasetVariable* variable = file_->find(name);
    if (!variable || !variable->numeric || variable->size() != 1) continue;
    return clock_of(*variable).at(file_->read_all(*variable).front());
  }
  return std::nullopt;
}

// Seconds of lead time along `dimension` of `variable`. Without one `time` says how far it is ahead of the forecast's
// reference time; 0 where there is none.
std::vector<double> CfFields::lead_times(const DatasetVariable& variable, std::optional<size_t> dimension,
                                         Time time) const {
  if (!dimension) {
    const auto reference = choice_.lead_time ? reference_time() : std::nullopt;
    return {reference ? static_cast<double>((time - *reference).count()) : 0.0};
  }
  const std::string& name = variable.dimensions[*dimension];
  std::vector<double> ahead = coordinate(name);
  const std::string units = file_->text(*file_->find(name), "units");
  const auto unit = cf_unit_seconds(units);
  if (!unit) fail(ExitCode::bad_input, "{}: lead time has units '{}': expected hours", file_->origin(), units);
  for (double& lead : ahead) lead *= *unit;
  return ahead;
}

// Of a climatology: the entry of a dimension of days, months or hours that `time` falls into. None for other
// dimensions.
std::optional<size_t> CfFields::season_index(const std::string& dimension, size_t length, Time time) const {
  if (!climatology_) return std::nullopt;
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  double wanted = 0.0, first = 1.0;
  if (is_one_of(dimension, {"dayofyear", "doy"})) {
    wanted = static_cast<double>((day - std::chrono::sys_days(date.year() / 1 / 1)).count() + 1);
    if (length == 365) wanted = std::min(wanted, 365.0);
  } else if (dimension == "month") {
    wanted = static_cast<unsigned>(date.month());
  } else if (dimension == "hour") {
    wanted = static_cast<double>(std::chrono::floor<std::chrono::hours>(time - day).count()), first = 0.0;
  } else {
    return std::nullopt;
  }
  std::vector<double> axis;
  if (file_->find(dimension)) axis = coordinate(dimension);
  for (size_t k = axis.size(); k < length; ++k) axis.push_back(first + static_cast<double>(k));
  const auto found = std::ranges::find(axis, wanted);
  if (found == axis.end() || found - axis.begin() >= static_cast<std::ptrdiff_t>(length)) {
    fail(ExitCode::bad_input, "{}: dimension '{}' has no {}, which {} is of", file_->origin(), dimension, wanted,
         iso_time(time));
  }
  return static_cast<size_t>(found - axis.begin());
}

// Where time and lead time sum up to `time`: of several such forecasts those with the shortest lead, which an analysis
// is. A time that stands on the axis twice is found twice.
std::vector<Moments> CfFields::find_time(const DatasetVariable& variable, Time time) const {
  std::optional<size_t> times, leads;
  for (size_t d = 0; d < variable.dimensions.size(); ++d) {
    const Role role = role_of(variable.dimensions[d]);
    if (climatology_ && (role == Role::time || role == Role::lead) && variable.shape[d] > 1) {
      fail(ExitCode::bad_input,
           "{}: variable {} has {} entries of '{}': a climatology has dimensions dayofyear, month or hour instead, or "
           "one "
           "entry",
           file_->origin(), variable.name, variable.shape[d], variable.dimensions[d]);
    }
    if (role == Role::time) times = d;
    if (role == Role::lead) leads = d;
  }
  if (climatology_) return {{}};
  const DatasetVariable* axis = times ? file_->find(variable.dimensions[*times]) : scalar_time();
  if (!axis) {
    fail(ExitCode::bad_input,
         "{}: variable {} has no time: expected a coordinate 'time' or 'valid_time' with units like "
         "'hours since 1900-01-01'",
         file_->origin(), variable.name);
  }
  const CfClock clock = clock_of(*axis);
  const std::vector<double> points = times ? coordinate(variable.dimensions[*times]) : file_->read_all(*axis);
  const std::vector<double> ahead = lead_times(variable, leads, time);
  std::vector<Moments> found;
  for (size_t t = 0; t < points.size(); ++t) {
    for (size_t l = 0; l < ahead.size(); ++l) {
      if (choice_.lead_time && ahead[l] != static_cast<double>(choice_.lead_time->count())) continue;
      if (clock.at(points[t] + (leads ? ahead[l] : 0.0) / clock.unit_seconds) != time) continue;
      if (!found.empty() && ahead[l] > ahead[found.front().lead]) continue;
      if (!found.empty() && ahead[l] < ahead[found.front().lead]) found.clear();
      found.push_back({t, l});
    }
  }
  return found;
}

// The variable's units into the channel's.
UnitConversion CfFields::conversion_of(const DatasetVariable& variable, const FieldRequest& request) const {
  const ChannelInfo channel = channel_info(request.channel());
  const std::string units = file_->text(variable, "units"), standard_name = file_->text(variable, "standard_name");
  const bool is_height =
      channel.quantity == "z" &&
      (standard_name == "geopotential_height" || (is_height_name(variable.name) && standard_name != "geopotential"));
  const auto conversion = unit_conversion(units, channel, is_height, request.gravity);
  if (!conversion) {
    fail(ExitCode::bad_input, "{}: channel {}: variable {} has units '{}': expected {}", file_->origin(), channel.name,
         variable.name, units, expected_units(channel, is_height));
  }
  return *conversion;
}

// None: it was never written.
std::optional<std::vector<float>> CfFields::field_at(const Place& place, const FieldRequest& request,
                                                     const UnitConversion& conversion) const {
  const DatasetVariable& variable = *place.variable;
  const std::vector<double> lat = coordinate(variable.dimensions[place.latitude]);
  const std::vector<double> lon = coordinate(variable.dimensions[place.longitude]);
  const std::string origin =
      fmt::format("{}: channel {}, variable {}", file_->origin(), request.channel(), variable.name);
  if (lat.size() != variable.shape[place.latitude] || lon.size() != variable.shape[place.longitude]) {
    fail(ExitCode::bad_input, "{}: its coordinates do not fit it: {} latitudes and {} longitudes of {} and {}", origin,
         lat.size(), lon.size(), variable.shape[place.latitude], variable.shape[place.longitude]);
  }
  const GridMatch match = match_grid(lat, lon, request.grid, origin);
  const auto slab = file_->find_slab(variable, place.start, place.count);
  if (!slab) return std::nullopt;
  const bool rows_first = place.latitude < place.longitude;
  std::vector<double> points = take_points(*slab, rows_first ? lon.size() : 1, rows_first ? 1 : lat.size(), match);
  if (conversion != UnitConversion{}) {
    for (double& value : points) value = value * conversion.factor + conversion.offset;
  }
  return std::vector<float>(points.begin(), points.end());
}

// "expver 1", "entry 3 of time": what tells a place from its likes.
std::string CfFields::entry_text(const Place& place) const {
  if (place.version) {
    const DatasetVariable* axis = file_->find(place.variable->dimensions[*place.version]);
    const size_t entry = place.start[*place.version];
    const std::string label = axis ? file_->label(*axis, entry) : "";
    return label.empty() ? fmt::format("entry {} of expver", entry) : "expver " + label;
  }
  for (size_t d = 0; d < place.start.size(); ++d) {
    const std::string& dimension = place.variable->dimensions[d];
    if (role_of(dimension) == Role::time) return fmt::format("entry {} of {}", place.start[d], dimension);
  }
  return "an entry";
}

// Two entries that claim to be the same field must be.
void CfFields::require_same(const Entry& a, const Entry& b, const FieldRequest& request) const {
  const auto [one, other] = std::ranges::mismatch(
      a.field, b.field, [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
  if (one == a.field.end()) return;
  const size_t at = one - a.field.begin();
  fail(ExitCode::bad_input,
       "{}: channel {}: variable {} is there twice for {}, and the two differ: {} in {}, {} in {} at latitude {}, "
       "longitude {}; leave one of them in the file",
       file_->origin(), request.channel(), a.place->variable->name, iso_time(request.time), *one, entry_text(*a.place),
       *other, entry_text(*b.place), request.grid.lat[at / request.grid.nlon()],
       request.grid.lon[at % request.grid.nlon()]);
}

std::optional<std::vector<float>> CfFields::read(const FieldRequest& request, FileUse& use) {
  const std::vector<Place> places = find(channel_info(request.channel()), request.time, request.quantile);
  if (places.empty()) return std::nullopt;
  const DatasetVariable& variable = *places.front().variable;
  const UnitConversion conversion = conversion_of(variable, request);
  Entry taken;
  for (const Place& place : places) {
    auto field = field_at(place, request, conversion);
    if (!field) continue;
    Entry entry{&place, std::move(*field)};
    if (!taken.has_values()) {
      taken = std::move(entry);
    } else if (entry.has_values()) {
      require_same(taken, entry, request);
    }
  }
  if (taken.place == nullptr) return std::nullopt;
  if (use.bytes == 0) use.notes.push_back("bytes and sha256 are those of the fields read, as float32");
  if (conversion != UnitConversion{}) {
    const std::string units = file_->text(variable, "units");
    use.notes.push_back(fmt::format("{} from {} in {}", request.channel(), variable.name, units.empty() ? "m" : units));
  }
  if (places.size() > 1) use.notes.push_back(fmt::format("{} of {}", request.channel(), entry_text(*taken.place)));
  use.take(std::as_bytes(std::span(taken.field)));
  return std::move(taken.field);
}

// "member 3 of 0, 1, 2 is wanted, lead time 6h of 0h, 12h": what was chosen beside what there is.
std::string CfFields::choice_text() const {
  constexpr size_t most = 8;
  std::vector<std::string> members, leads;
  for (const DatasetVariable& axis : file_->variables()) {
    if (axis.shape.size() > 1 || !axis.numeric || axis.size() > most_entries_named) continue;
    const Role role = role_of(axis.name);
    if (role != Role::member && role != Role::lead) continue;
    const auto unit = role == Role::lead ? cf_unit_seconds(file_->text(axis, "units")) : std::nullopt;
    std::vector<std::string>& names = role == Role::member ? members : leads;
    for (const double value : file_->read_all(axis)) {
      if (names.size() > most || (role == Role::lead && !(unit && std::abs(value * *unit) < 1e12))) break;
      if (names.size() == most)
        names.emplace_back("...");
      else if (role == Role::member)
        names.push_back(fmt::format("{}", value));
      else
        names.push_back(duration_text(Duration(std::llround(value * *unit))));
    }
  }
  std::vector<std::string> wanted;
  const auto of = [](const std::vector<std::string>& names) {
    return names.empty() ? std::string("which it does not name") : fmt::format("of {}", fmt::join(names, ", "));
  };
  if (choice_.member) wanted.push_back(fmt::format("member {} is wanted {}", *choice_.member, of(members)));
  if (choice_.lead_time) wanted.push_back(fmt::format("lead time {} {}", duration_text(*choice_.lead_time), of(leads)));
  return fmt::format("{}", fmt::join(wanted, ", "));
}

std::string CfFields::content() const {
  std::vector<std::string> names;
  std::set<std::string> times;
  for (const DatasetVariable& variable : file_->variables()) {
    if (variable.shape.size() >= 2 && names.size() < 100) names.push_back(variable.name);
    const bool is_time = role_of(variable.name) == Role::time && variable.shape.size() <= 1 && variable.numeric;
    if (!is_time || variable.size() > longest_coordinate) continue;
    const auto clock = parse_cf_clock(file_->text(variable, "units"), file_->text(variable, "calendar"));
    for (const double point : clock ? file_->read_all(variable) : std::vector<double>{}) {
      if (const auto time = clock->at(point)) times.insert(iso_time(*time));
    }
  }
  const std::string when = times.empty() ? "no time"
                           : times.size() == 1
                               ? *times.begin()
                               : fmt::format("{} times, {} .. {}", times.size(), *times.begin(), *times.rbegin());
  std::string remark = choice_text();
  if (const std::string more = file_->remark(); !more.empty()) remark += (remark.empty() ? "" : "; ") + more;
  return fmt::format("variables {} at {}{}{}", fmt::join(names, " "), when, remark.empty() ? "" : "; ", remark);
}

}  // namespace

std::unique_ptr<FieldFile> open_netcdf_fields(const fs::path& path, const std::string& origin,
                                              const ForecastChoice& choice) {
  return std::make_unique<CfFields>(std::make_unique<NetcdfFile>(path, origin), choice, false);
}

std::unique_ptr<FieldFile> open_zarr_fields(std::shared_ptr<const ZarrObjects> objects, const std::string& origin,
                                            const ForecastChoice& choice) {
  return std::make_unique<CfFields>(std::make_unique<ZarrDataset>(std::move(objects), origin), choice, false);
}

std::unique_ptr<FieldFile> open_climatology(const fs::path& path, const std::string& origin) {
  return std::make_unique<CfFields>(std::make_unique<NetcdfFile>(path, origin), ForecastChoice{}, true);
}

}  // namespace hens
