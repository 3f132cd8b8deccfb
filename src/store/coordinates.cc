#include "store/coordinates.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>

#include "grid/derived_variables.h"

namespace hens {
namespace {

static_assert(std::endian::native == std::endian::little, "stores are little-endian and written as memory holds them");

using Json = nlohmann::ordered_json;

int64_t seconds_since_1970(Time time) { return time.time_since_epoch().count(); }

std::vector<int64_t> lead_hours(const StoreLayout& layout) {
  std::vector<int64_t> hours;
  for (const Duration lead : layout.leads) {
    assert(lead % std::chrono::hours(1) == Duration::zero());
    hours.push_back(lead / std::chrono::hours(1));
  }
  return hours;
}

Json degrees(const char* standard_name, const char* units) {
  return {{"standard_name", standard_name}, {"long_name", standard_name}, {"units", units}};
}

Json with_axis(Json attributes, const char* axis) {
  attributes["axis"] = axis;
  return attributes;
}

std::vector<Coordinate> space_coordinates(const Domain& domain) {
  const Json latitude = degrees("latitude", "degrees_north"), longitude = degrees("longitude", "degrees_east");
  if (domain.points.empty()) {
    return {{"lat", {"lat"}, {domain.grid.lat.size()}, domain.grid.lat, with_axis(latitude, "Y")},
            {"lon", {"lon"}, {domain.grid.lon.size()}, domain.grid.lon, with_axis(longitude, "X")}};
  }
  std::vector<std::string> names;
  std::vector<double> lat, lon;
  for (const NamedPoint& point : domain.points) {
    names.push_back(point.name), lat.push_back(point.lat), lon.push_back(point.lon);
  }
  const size_t points = names.size();
  return {{"point", {"point"}, {points}, std::move(names), {{"long_name", "name of the point"}}},
          {"lat", {"point"}, {points}, std::move(lat), latitude},
          {"lon", {"point"}, {points}, std::move(lon), longitude}};
}

}  // namespace

Json time_attributes(const char* standard_name, const char* long_name) {
  return {{"standard_name", standard_name},
          {"long_name", long_name},
          {"units", "seconds since 1970-01-01 00:00:00"},
          {"calendar", "proleptic_gregorian"}};
}

size_t FieldArray::field_size() const {
  size_t size = 1;
  for (size_t k = shape.size() - field_dimensions; k < shape.size(); ++k) size *= shape[k];
  return size;
}

std::vector<size_t> FieldArray::field_chunk() const {
  std::vector<size_t> chunk = shape;
  std::fill(chunk.begin(), chunk.end() - static_cast<std::ptrdiff_t>(field_dimensions), 1);
  return chunk;
}

std::vector<Coordinate> coordinates(const StoreLayout& layout, const std::vector<int32_t>& members,
                                    const std::vector<Time>& times) {
  std::vector<int64_t> initial, valid;
  for (const Time time : times) {
    initial.push_back(seconds_since_1970(time));
    for (const Duration lead : layout.leads) valid.push_back(seconds_since_1970(time + lead));
  }
  const size_t leads = layout.leads.size();
  std::vector<Coordinate> all{
      {"ensemble",
       {"ensemble"},
       {members.size()},
       members,
       {{"standard_name", "realization"}, {"long_name", "ensemble member"}}},
      {"time", {"time"}, {times.size()}, initial, time_attributes("forecast_reference_time", "initial time")},
      {"lead_time",
       {"lead_time"},
       {leads},
       lead_hours(layout),
       {{"standard_name", "forecast_period"},
        {"long_name", "time since the initial time"},
        {"units", "hours"},
        {"dtype", "timedelta64[ns]"}}},
  };
  for (Coordinate& coordinate : space_coordinates(layout.domain)) all.push_back(std::move(coordinate));
  all.push_back(
      {"valid_time", {"time", "lead_time"}, {times.size(), leads}, valid, time_attributes("time", "valid time")});
  return all;
}

std::vector<Coordinate> coordinates(const StoreLayout& layout) {
  std::vector<int32_t> members(layout.members);
  std::iota(members.begin(), members.end(), 0);
  return coordinates(layout, members, layout.times);
}

Json variable_attributes(const std::string& channel) {
  const ChannelInfo info = variable_info(channel);
  Json attributes;
  if (!info.standard_name.empty()) attributes["standard_name"] = info.standard_name;
  attributes["long_name"] = info.long_name;
  attributes["units"] = info.units;
  attributes["coordinates"] = "valid_time";
  return attributes;
}

Json global_attributes(const StoreLayout& layout) {
  return {{"Conventions", "CF-1.11"}, {"title", layout.title}, {"source", layout.source}};
}

}  // namespace hens
