// The arrays of a store of members for each layout: their names, dimensions and coordinates, and where in them a
// member's field lies. Pure functions.
//
//   hens          z500 (ensemble, time, lead_time, lat, lon): an array a channel
//   weatherbench  geopotential (number, time, prediction_timedelta, level, latitude, longitude): ERA5's names, all
//   levels
//                 of a variable in one array; 2m_temperature and others on single levels without `level`
//   cf            z500 (time, lat, lon), of one member and initial time: time is valid time; forecast_reference_time
//   and
//                 realization are scalars
//
// Of points, `point` stands in the place of the two dimensions of space.
#pragma once

#include <optional>

#include "store/coordinates.h"

namespace hens {

// Where a variable of the layout lies.
struct VariablePlace {
  size_t array = 0;             // of StoreArrays::fields
  std::optional<size_t> level;  // along its dimension `level`
};

struct StoreArrays {
  OutputLayout layout = OutputLayout::hens;
  std::vector<FieldArray> fields;
  std::vector<VariablePlace> places;  // [variable]

  const FieldArray& array_of(size_t variable) const { return fields.at(places.at(variable).array); }
  // Indices of a field along the array's dimensions before the field's own.
  std::vector<size_t> index(size_t variable, size_t member, size_t time, size_t lead) const;
};

// Of so many members and initial times; the layout cf has one of each.
StoreArrays store_arrays(const StoreLayout& layout, size_t members, size_t times);

// The coordinates of these arrays, for `members` x `times`.
std::vector<Coordinate> store_coordinates(const StoreLayout& layout, const std::vector<int32_t>& members,
                                          const std::vector<Time>& times);
// Those of all of the layout's members and times.
std::vector<Coordinate> store_coordinates(const StoreLayout& layout);

// Global attributes. In layout cf one names the scalar coordinates, as xarray writes and reads it.
nlohmann::ordered_json store_attributes(const StoreLayout& layout);

}  // namespace hens
