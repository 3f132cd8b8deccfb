// The spec's section `regions`: boxes of the globe and lists of points, by name, that outputs and statistics refer to.
// Plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "job/yaml_tree.h"

namespace hens {

class SectionReader;

// All of it where a key is left out. Degrees north, -90..90; degrees east, -360..360: a box goes eastward from lon_min
// to lon_max, across Greenwich and the date line where that is the way.
struct Box {
  double lat_min = -90.0, lat_max = 90.0;
  double lon_min = 0.0, lon_max = 360.0;
  bool operator==(const Box&) const = default;
};

struct NamedPoint {
  std::string name;
  double lat = 0.0, lon = 0.0;  // degrees north, degrees east
  bool operator==(const NamedPoint&) const = default;
};

enum class PointMethod { nearest, bilinear };  // the nearest grid point's value, or between the four around it

struct RegionSpec {
  std::string name;
  Box box;                         // of the grid's rows and columns, where there are no points
  std::vector<NamedPoint> points;  // in the order of the spec
  PointMethod method = PointMethod::nearest;
  bool operator==(const RegionSpec&) const = default;
};

// The region of that name; null where `name` is empty, for all of the globe. Requires that it is there: the spec is
// checked for that.
const RegionSpec* region_named(const std::vector<RegionSpec>& regions, const std::string& name);

void read_regions(SectionReader& top, std::vector<RegionSpec>& regions, Problems& problems);
// Points by name, as `paris: {lat: 48.85, lon: 2.35}`, under `key` of the section.
void read_named_points(SectionReader& section, const std::string& key, std::vector<NamedPoint>& points,
                       Problems& problems);
nlohmann::ordered_json points_json(const std::vector<NamedPoint>& points);
std::vector<NamedPoint> points_from(const nlohmann::ordered_json& json);
nlohmann::ordered_json regions_json(const std::vector<RegionSpec>& regions);
std::vector<RegionSpec> regions_from(const nlohmann::ordered_json& json);

}  // namespace hens
