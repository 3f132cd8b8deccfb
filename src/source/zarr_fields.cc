#include "source/zarr_fields.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/error.h"
#include "source/cf_time.h"
#include "source/grid_match.h"
#include "source/units.h"
#include "source/zarr_array.h"

namespace hens {
namespace {

class ZarrFields : public FieldFile {
 public:
  ZarrFields(fs::path folder, std::string origin) : folder_(std::move(folder)), origin_(std::move(origin)) {
    std::error_code none;
    if (!fs::exists(folder_ / "zarr.json", none)) {
      fail(ExitCode::bad_input,
           "{}: is no Zarr v3 store: it has no zarr.json; of a run's folder name the store in it, "
           "as runs/a/hens_0.zarr",
           origin_);
    }
  }

  std::optional<std::vector<float>> read(const FieldRequest& request, FileUse& use) override;
  std::string content() const override;

 private:
  struct Moment {
    uint64_t time = 0, lead = 0;
  };
  std::vector<double> axis(const std::string& dimension) const;
  std::optional<Moment> find(const ZarrArray& array, Time time) const;
  std::vector<float> on_grid(const ZarrArray& array, const std::vector<double>& slab,
                             const FieldRequest& request) const;
  bool has(const ZarrArray& array, const char* dimension) const {
    return std::ranges::find(array.dimensions(), dimension) != array.dimensions().end();
  }

  fs::path folder_;
  std::string origin_;
};

bool is_lat(const std::string& name) { return name == "lat" || name == "latitude"; }
bool is_lon(const std::string& name) { return name == "lon" || name == "longitude"; }

std::vector<double> ZarrFields::axis(const std::string& dimension) const {
  const ZarrArray array(folder_ / dimension);
  auto values = array.shape().size() == 1 ? array.read_all() : std::nullopt;
  if (!values) fail(ExitCode::bad_input, "{}: coordinate '{}' is not there", origin_, dimension);
  return std::move(*values);
}

// Of forecasts valid at the same time the one with the shortest lead.
std::optional<ZarrFields::Moment> ZarrFields::find(const ZarrArray& array, Time time) const {
  if (!has(array, "time")) fail(ExitCode::bad_input, "{}: has no dimension 'time'", origin_);
  const ZarrArray clock_array(folder_ / "time");
  const std::string units = clock_array.attribute("units");
  const CfClockReading reading = read_cf_clock(units, clock_array.attribute("calendar"));
  if (!reading.clock) fail(ExitCode::bad_input, "{}: time has units '{}': {}", origin_, units, reading.problem);
  std::vector<double> leads{0.0};
  if (has(array, "lead_time")) {
    leads = axis("lead_time");
    const std::string lead_units = ZarrArray(folder_ / "lead_time").attribute("units");
    const auto unit = cf_unit_seconds(lead_units);
    if (!unit) fail(ExitCode::bad_input, "{}: lead_time has units '{}': expected hours", origin_, lead_units);
    for (double& lead : leads) lead *= *unit;
  }
  const std::vector<double> times = axis("time");
  std::optional<Moment> found;
  for (size_t t = 0; t < times.size(); ++t) {
    for (size_t l = 0; l < leads.size(); ++l) {
      if (reading.clock->at(times[t] + leads[l] / reading.clock->unit_seconds) != time) continue;
      if (!found || leads[l] < leads[found->lead]) found = Moment{t, l};
    }
  }
  return found;
}

std::vector<float> ZarrFields::on_grid(const ZarrArray& array, const std::vector<double>& slab,
                                       const FieldRequest& request) const {
  const std::string what = fmt::format("{}: channel {}", origin_, request.channel());
  const auto& names = array.dimensions();
  const auto lat_name = std::ranges::find_if(names, is_lat), lon_name = std::ranges::find_if(names, is_lon);
  const std::vector<double> lat = axis(*lat_name), lon = axis(*lon_name);
  if (slab.size() != lat.size() * lon.size()) fail(ExitCode::bad_input, "{}: coordinates do not fit it", what);
  const GridMatch match = match_grid(lat, lon, request.grid, what);
  const bool rows_first = lat_name < lon_name;
  std::vector<double> points = take_points(slab, rows_first ? lon.size() : 1, rows_first ? 1 : lat.size(), match);
  const ChannelInfo channel = channel_info(request.channel());
  const std::string units = array.attribute("units");
  const auto conversion = unit_conversion(units, channel, false, request.gravity);
  if (!conversion) {
    fail(ExitCode::bad_input, "{} has units '{}': expected {}", what, units, expected_units(channel, false));
  }
  if (*conversion != UnitConversion{}) {
    for (double& value : points) value = value * conversion->factor + conversion->offset;
  }
  return {points.begin(), points.end()};
}

std::optional<std::vector<float>> ZarrFields::read(const FieldRequest& request, FileUse& use) {
  const fs::path folder = folder_ / request.channel();
  std::error_code none;
  if (!fs::exists(folder / "zarr.json", none)) return std::nullopt;
  const ZarrArray array(folder);
  const auto& names = array.dimensions();
  if (std::ranges::none_of(names, is_lat) || std::ranges::none_of(names, is_lon)) {
    fail(ExitCode::bad_input, "{}: channel {} has no dimensions lat and lon", origin_, request.channel());
  }
  const auto moment = find(array, request.time);
  if (!moment) return std::nullopt;
  std::vector<uint64_t> start(names.size(), 0), count(names.size(), 1);
  for (size_t d = 0; d < names.size(); ++d) {
    if (is_lat(names[d]) || is_lon(names[d])) {
      count[d] = array.shape()[d];
    } else if (names[d] == "time") {
      start[d] = moment->time;
    } else if (names[d] == "lead_time") {
      start[d] = moment->lead;
    } else if (array.shape()[d] != 1) {
      fail(ExitCode::bad_input,
           "{}: channel {} has {} entries of '{}': expected one; write one of them to a store of "
           "its own",
           origin_, request.channel(), array.shape()[d], names[d]);
    }
    if (start[d] >= array.shape()[d])
      fail(ExitCode::bad_input, "{}: its coordinates are longer than its fields", origin_);
  }
  const auto slab = array.read(start, count);
  if (!slab) return std::nullopt;  // not written yet
  std::vector<float> field = on_grid(array, *slab, request);
  if (use.bytes == 0) use.notes.push_back("bytes and sha256 are those of the fields read, as float32");
  use.take(std::as_bytes(std::span(field)));
  return field;
}

std::string ZarrFields::content() const {
  std::vector<std::string> names;
  for_each_entry(folder_, [&](std::string_view name, bool folder) {
    if (folder && names.size() < 100) names.emplace_back(name);
  });
  std::ranges::sort(names);
  return fmt::format("arrays {}", fmt::join(names, " "));
}

}  // namespace

std::unique_ptr<FieldFile> open_zarr_fields(const fs::path& folder, const std::string& origin) {
  return std::make_unique<ZarrFields>(folder, origin);
}

}  // namespace hens
