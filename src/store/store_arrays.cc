#include "store/store_arrays.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "grid/derived_variables.h"
#include "grid/era5_names.h"
#include "store/bit_rounding.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

// A name of the layout hens, as WeatherBench has it.
std::string weatherbench_name(const std::string& name) {
  static const std::map<std::string, std::string> names{
      {"ensemble", "number"}, {"lead_time", "prediction_timedelta"}, {"lat", "latitude"}, {"lon", "longitude"}};
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

std::string dimension_name(OutputLayout layout, const std::string& name) {
  return layout == OutputLayout::weatherbench ? weatherbench_name(name) : name;
}

// Names in a variable's attribute `coordinates`; none in layout cf, but of points: CDO warns of scalars there.
std::string auxiliary_coordinates(const StoreLayout& layout) {
  std::string names = layout.layout == OutputLayout::cf ? "" : "valid_time";
  if (layout.domain.points.empty()) return names;
  for (const char* name : {"lat", "lon"}) {
    names += (names.empty() ? "" : " ") + dimension_name(layout.layout, name);
  }
  return names;
}

// What gathers a variable with others: its ERA5 name where it is on pressure levels.
std::optional<Era5Name> era5_name_in(const StoreLayout& layout, const std::string& variable) {
  return layout.layout == OutputLayout::weatherbench ? era5_name(variable_info(variable)) : std::nullopt;
}

// The pressure levels [hPa] of what is gathered, ascending.
std::vector<int64_t> levels_of(const StoreLayout& layout) {
  std::set<int64_t> levels;
  for (const std::string& variable : layout.variables) {
    const auto name = era5_name_in(layout, variable);
    if (name && name->on_levels) levels.insert(*variable_info(variable).level);
  }
  return {levels.begin(), levels.end()};
}

void add_dimension(FieldArray& array, const std::string& name, size_t length) {
  array.dimensions.push_back(name);
  array.shape.push_back(length);
}

// An array without its attributes; `levels`: length of its dimension `level`, 0 where it has none.
FieldArray make_array(const StoreLayout& layout, const std::string& name, size_t members, size_t times, size_t levels) {
  FieldArray array{.name = name, .dimensions = {}, .shape = {}, .field_dimensions = layout.domain.shape().size()};
  if (layout.layout == OutputLayout::cf) {
    assert(members == 1 && times == 1);
    add_dimension(array, "time", layout.leads.size());
  } else {
    add_dimension(array, dimension_name(layout.layout, "ensemble"), members);
    add_dimension(array, "time", times);
    add_dimension(array, dimension_name(layout.layout, "lead_time"), layout.leads.size());
  }
  if (levels > 0) add_dimension(array, "level", levels);
  const std::vector<size_t> lengths = layout.domain.shape();
  const std::vector<std::string> names = layout.domain.dimensions();
  for (size_t k = 0; k < names.size(); ++k) add_dimension(array, dimension_name(layout.layout, names[k]), lengths[k]);
  array.sharded = layout.shard;
  array.file = array.field_chunk();
  const auto lead = std::ranges::find(array.dimensions, dimension_name(layout.layout, "lead_time"));
  if (layout.shard && lead != array.dimensions.end()) {
    array.file[static_cast<size_t>(lead - array.dimensions.begin())] = layout.leads.size();
  }
  return array;
}

Json attributes_of(const StoreLayout& layout, const std::string& variable, const std::optional<Era5Name>& era5) {
  Json attributes = variable_attributes(variable);
  if (era5) attributes["long_name"] = era5->long_name;
  const std::string names = auxiliary_coordinates(layout);
  if (names.empty()) {
    attributes.erase("coordinates");
  } else {
    attributes["coordinates"] = names;
  }
  return attributes;
}

// Of several levels the fewest bits are said: their error is the bound of all.
void describe_rounding(const StoreLayout& layout, StoreArrays& arrays) {
  std::vector<int> fewest(arrays.fields.size(), mantissa_bits);
  for (size_t v = 0; v < arrays.places.size(); ++v) {
    int& bits = fewest[arrays.places[v].array];
    bits = std::min(bits, layout.bits_of(v));
  }
  for (size_t k = 0; k < fewest.size(); ++k) arrays.fields[k].attributes.update(rounding_attributes(fewest[k]));
}

Coordinate scalar(const char* name, double value, Json attributes) {
  return {name, {}, {}, std::vector<double>{value}, std::move(attributes)};
}

double seconds(Time time) { return static_cast<double>(time.time_since_epoch().count()); }

Json with_axis(Json attributes, const char* axis) {
  attributes["axis"] = axis;
  return attributes;
}

// Times are float64, which all classic tools read, and whole seconds, which it holds exactly.
std::vector<Coordinate> cf_coordinates(const StoreLayout& layout, int32_t member, Time initial) {
  std::vector<double> valid;
  for (const Duration lead : layout.leads) valid.push_back(seconds(initial + lead));
  const size_t leads = valid.size();
  std::vector<Coordinate> all{
      {"time", {"time"}, {leads}, std::move(valid), with_axis(time_attributes("time", "valid time"), "T"), true},
      scalar("forecast_reference_time", seconds(initial), time_attributes("forecast_reference_time", "initial time")),
      {"realization",
       {},
       {},
       std::vector<int32_t>{member},
       {{"standard_name", "realization"}, {"long_name", "ensemble member"}, {"units", "1"}}}};
  for (Coordinate& one : coordinates(layout, {member}, {initial})) {
    if (one.name == "lat" || one.name == "lon" || one.name == "point") all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::vector<size_t> StoreArrays::index(size_t variable, size_t member, size_t time, size_t lead) const {
  if (layout == OutputLayout::cf) return {lead};
  std::vector<size_t> index{member, time, lead};
  if (const auto level = places.at(variable).level) index.push_back(*level);
  return index;
}

StoreArrays store_arrays(const StoreLayout& layout, size_t members, size_t times) {
  StoreArrays arrays{.layout = layout.layout, .fields = {}, .places = {}};
  const std::vector<int64_t> levels = levels_of(layout);
  for (const std::string& variable : layout.variables) {
    const auto era5 = era5_name_in(layout, variable);
    const std::string name = era5 ? era5->name : variable;
    const bool gathered = era5 && era5->on_levels;
    auto found = std::ranges::find(arrays.fields, name, &FieldArray::name);
    if (found == arrays.fields.end()) {
      FieldArray array = make_array(layout, name, members, times, gathered ? levels.size() : 0);
      array.attributes = attributes_of(layout, variable, era5);
      found = arrays.fields.insert(arrays.fields.end(), std::move(array));
    }
    VariablePlace place{static_cast<size_t>(found - arrays.fields.begin()), std::nullopt};
    if (gathered) {
      const auto level = std::ranges::find(levels, int64_t{*variable_info(variable).level});
      place.level = static_cast<size_t>(level - levels.begin());
    }
    arrays.places.push_back(place);
  }
  describe_rounding(layout, arrays);
  return arrays;
}

nlohmann::ordered_json store_attributes(const StoreLayout& layout) {
  Json attributes = global_attributes(layout);
  if (layout.layout == OutputLayout::cf) attributes["coordinates"] = "forecast_reference_time realization";
  return attributes;
}

std::vector<Coordinate> store_coordinates(const StoreLayout& layout, const std::vector<int32_t>& members,
                                          const std::vector<Time>& times) {
  if (layout.layout == OutputLayout::cf) return cf_coordinates(layout, members.at(0), times.at(0));
  std::vector<Coordinate> all = coordinates(layout, members, times);
  if (layout.layout == OutputLayout::hens) return all;
  for (Coordinate& one : all) {
    one.name = weatherbench_name(one.name);
    for (std::string& dimension : one.dimensions) dimension = weatherbench_name(dimension);
  }
  const std::vector<int64_t> levels = levels_of(layout);
  if (!levels.empty()) {
    all.push_back({"level",
                   {"level"},
                   {levels.size()},
                   levels,
                   {{"standard_name", "air_pressure"},
                    {"long_name", "pressure level"},
                    {"units", "hPa"},
                    {"positive", "down"},
                    {"axis", "Z"}}});
  }
  return all;
}

std::vector<Coordinate> store_coordinates(const StoreLayout& layout) {
  std::vector<int32_t> members(static_cast<size_t>(layout.members));
  std::iota(members.begin(), members.end(), 0);
  return store_coordinates(layout, members, layout.times);
}

}  // namespace hens
