// What a store says beside its fields: coordinates and attributes in CF terms, the same for every format. Pure
// functions.
//
// lead_time carries the attribute `dtype`: without it xarray keeps whole hours instead of time differences, and
// Earth2Studio's and WeatherBench-X's readers fail.
#pragma once

#include <variant>

#include "store/store.h"

namespace hens {

struct Coordinate {
  std::string name;
  std::vector<std::string> dimensions;  // names
  std::vector<size_t> shape;            // lengths of them
  // Row-major.
  std::variant<std::vector<double>, std::vector<int64_t>, std::vector<int32_t>, std::vector<std::string>> values;
  nlohmann::ordered_json attributes;  // text only
};

// An array of fields, in chunks of one field each.
struct FieldArray {
  std::string name;
  std::vector<std::string> dimensions;  // of all, those of a field last
  std::vector<size_t> shape;
  size_t field_dimensions = 2;  // the last: lat and lon, or point
  size_t file_dimensions = 1;   // Zarr: so many of the first dimensions have a shard for each index

  size_t field_size() const;  // values of one field
  bool integers = false;      // int32, -1 where there is none; else float32, NaN
  nlohmann::ordered_json attributes;
};

// ensemble, time, lead_time, lat, lon (or point, and its lat and lon) and valid_time (time, lead_time) of `members` x
// `times`.
std::vector<Coordinate> coordinates(const StoreLayout& layout, const std::vector<int32_t>& members,
                                    const std::vector<Time>& times);
// Those of all of the layout's members and times.
std::vector<Coordinate> coordinates(const StoreLayout& layout);

// The array of a channel's fields: (ensemble, time, lead_time, lat, lon) or (ensemble, time, lead_time, point).
FieldArray member_array(const StoreLayout& layout, const std::string& channel, size_t members, size_t times);

// standard_name, long_name, units and coordinates of a channel. Throws Error{bad_input} for an unknown one.
nlohmann::ordered_json variable_attributes(const std::string& channel);

// Conventions, title, source.
nlohmann::ordered_json global_attributes(const StoreLayout& layout);

}  // namespace hens
