// What a store says beside its fields: coordinates and attributes in CF terms, the same for every format, with the
// names of the layout `hens` (store_arrays.h has the others). Pure functions.
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
  bool unlimited = false;             // netCDF: the dimension that it defines may grow
};

// An array of fields, in chunks of one field each.
struct FieldArray {
  std::string name;
  std::vector<std::string> dimensions;  // of all, those of a field last
  std::vector<size_t> shape;
  size_t field_dimensions = 2;  // the last: lat and lon, or point
  // Zarr: lengths along the dimensions of what one file holds; none: one index of the first dimension, all of the rest.
  std::vector<size_t> file = {};
  bool sharded = true;  // Zarr: a file is a shard of fields; false: it is one field

  size_t field_size() const;                // values of one field
  std::vector<size_t> field_chunk() const;  // lengths along the dimensions of one field
  bool integers = false;                    // int32, -1 where there is none; else float32, NaN
  nlohmann::ordered_json attributes;        // text and whole numbers
};

// ensemble, time, lead_time, lat, lon (or point, and its lat and lon) and valid_time (time, lead_time) of `members` x
// `times`.
std::vector<Coordinate> coordinates(const StoreLayout& layout, const std::vector<int32_t>& members,
                                    const std::vector<Time>& times);
// Those of all of the layout's members and times.
std::vector<Coordinate> coordinates(const StoreLayout& layout);

// standard_name, long_name, units and coordinates of a channel. Throws Error{bad_input} for an unknown one.
nlohmann::ordered_json variable_attributes(const std::string& channel);

// Conventions, title, source.
nlohmann::ordered_json global_attributes(const StoreLayout& layout);

nlohmann::ordered_json time_attributes(const char* standard_name, const char* long_name);

}  // namespace hens
