#include "job/region_spec.h"

#include <algorithm>

#include "base/error.h"
#include "job/section_reader.h"
#include "job/spec_names.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr RealRange lat_range{-90.0, 90.0}, lon_range{-360.0, 360.0};

// Names of regions stand in the names of stores, behind a model's number or the word `lagged`.
bool is_name_of_region(const std::string& text) {
  return is_name(text) && text != "lagged" && text.front() >= 'a' && text.front() <= 'z';
}

void read_box(SectionReader& section, Box& box) {
  section.real("lat_min", box.lat_min, lat_range);
  section.real("lat_max", box.lat_max, lat_range);
  section.real("lon_min", box.lon_min, lon_range);
  section.real("lon_max", box.lon_max, lon_range);
  if (box.lat_min > box.lat_max) {
    section.problem("lat_max", fmt::format("is {:g}, expected at least lat_min, {:g}", box.lat_max, box.lat_min));
  }
  if (section.has("lon_min") != section.has("lon_max")) {
    section.problem(section.has("lon_min") ? "lon_min" : "lon_max", "stands alone: expected lon_min and lon_max");
  }
}

void read_point(SectionReader section, NamedPoint& point) {
  section.require("lat", "degrees north");
  section.require("lon", "degrees east");
  section.real("lat", point.lat, lat_range);
  section.real("lon", point.lon, lon_range);
  section.finish();
}

void read_points(SectionReader& section, RegionSpec& region, Problems& problems) {
  read_named_points(section, "points", region.points, problems);
  if (region.points.empty()) return;
  for (const char* edge : {"lat_min", "lat_max", "lon_min", "lon_max"}) {
    if (section.has(edge)) section.problem(edge, "is of a box, and the region has points: leave one of them out");
  }
}

void read_region(SectionReader section, RegionSpec& region, Problems& problems) {
  read_points(section, region, problems);
  read_box(section, region.box);
  section.choice("method", region.method, point_method_names());
  if (section.has("method") && region.points.empty()) {
    section.problem("method", "is of points: leave it out of a box");
  }
  section.finish();
}

Json region_json(const RegionSpec& region) {
  const Box& box = region.box;
  if (region.points.empty()) {
    return {{"lat_min", box.lat_min}, {"lat_max", box.lat_max}, {"lon_min", box.lon_min}, {"lon_max", box.lon_max}};
  }
  return {{"points", points_json(region.points)}, {"method", name_of(region.method, point_method_names())}};
}

RegionSpec region_from(const std::string& name, const Json& json) {
  RegionSpec region{name};
  if (!json.contains("points")) {
    region.box = {json.at("lat_min"), json.at("lat_max"), json.at("lon_min"), json.at("lon_max")};
    return region;
  }
  region.points = points_from(json["points"]);
  for (const auto& [word, method] : point_method_names().names) {
    if (json.at("method") == word) region.method = method;
  }
  return region;
}

}  // namespace

const RegionSpec* region_named(const std::vector<RegionSpec>& regions, const std::string& name) {
  if (name.empty()) return nullptr;
  const auto found = std::ranges::find(regions, name, &RegionSpec::name);
  if (found == regions.end()) fail(ExitCode::bad_spec, "regions: there is none with the name '{}'", name);
  return &*found;
}

void read_named_points(SectionReader& section, const std::string& key, std::vector<NamedPoint>& points,
                       Problems& problems) {
  const YamlNode* node = section.raw(key);
  if (node == nullptr) return;
  if (node->kind != YamlNode::Kind::map || node->entries.empty()) {
    return section.problem(
        key, fmt::format("is {}, expected points by name, as paris: {{lat: 48.85, lon: 2.35}}", shown(*node)));
  }
  for (const auto& [name, where] : node->entries) {
    const std::string dotted = section.dotted(key + "." + name);
    if (!is_name_of_region(name))
      problems.add(where.key_place, dotted, "is no name: expected a letter a-z, then a-z, digits, _ and -, at most 64");
    points.push_back({name});
    read_point(SectionReader(&where, dotted, node->place, problems), points.back());
  }
}

Json points_json(const std::vector<NamedPoint>& points) {
  Json json = Json::object();
  for (const NamedPoint& point : points) json[point.name] = {{"lat", point.lat}, {"lon", point.lon}};
  return json;
}

std::vector<NamedPoint> points_from(const Json& json) {
  std::vector<NamedPoint> points;
  for (const auto& [name, where] : json.items()) points.push_back({name, where.at("lat"), where.at("lon")});
  return points;
}

void read_regions(SectionReader& top, std::vector<RegionSpec>& regions, Problems& problems) {
  const YamlNode* node = top.raw("regions");
  if (node == nullptr || node->kind == YamlNode::Kind::null) return;
  if (node->kind != YamlNode::Kind::map) {
    return top.problem("regions", fmt::format("is {}, expected regions by name, each with lat_min, lat_max, lon_min "
                                              "and lon_max, or points",
                                              shown(*node)));
  }
  for (const auto& [name, region] : node->entries) {
    const std::string key = "regions." + name;
    if (!is_name_of_region(name))
      problems.add(region.key_place, key, "is no name: expected a letter a-z, then a-z, digits, _ and -, at most 64");
    regions.push_back({name});
    read_region(SectionReader(&region, key, node->place, problems), regions.back(), problems);
  }
}

Json regions_json(const std::vector<RegionSpec>& regions) {
  Json json = Json::object();
  for (const RegionSpec& region : regions) json[region.name] = region_json(region);
  return json;
}

std::vector<RegionSpec> regions_from(const Json& json) {
  std::vector<RegionSpec> regions;
  for (const auto& [name, region] : json.items()) regions.push_back(region_from(name, region));
  return regions;
}

}  // namespace hens
