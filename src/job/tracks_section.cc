#include "job/tracks_section.h"

#include <set>

#include "base/error.h"
#include "job/spec_names.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration longest = 10'000 * model_step;
constexpr RealRange degrees{0.01, 90.0};
constexpr double temperature_drop = 0.4;  // K, at 400 hPa: as TempestExtremes' users take it
constexpr const char* warm_core_wanted = "upper and lower geopotential, as [z300, z500], or one temperature, as t400";

// t400, z300
bool is_on_level(const std::string& channel, char quantity) {
  return channel.size() > 1 && channel[0] == quantity &&
         channel.find_first_not_of("0123456789", 1) == std::string::npos;
}

bool is_temperature(const std::vector<std::string>& channels) {
  return channels.size() == 1 && is_on_level(channels[0], 't');
}

bool is_thickness(const std::vector<std::string>& channels) {
  return channels.size() == 2 && is_on_level(channels[0], 'z') && is_on_level(channels[1], 'z');
}

void read_criteria(SectionReader& section, TracksSpec& spec) {
  section.real("pressure_rise", spec.pressure_rise, {1.0, 10'000.0});
  section.real("pressure_distance", spec.pressure_distance, degrees);
  section.words("warm_core", spec.warm_core, warm_core_wanted, is_name);
  if (is_temperature(spec.warm_core)) spec.warm_core_drop = temperature_drop;
  section.real("warm_core_drop", spec.warm_core_drop, {0.01, 10'000.0});
  section.real("warm_core_distance", spec.warm_core_distance, degrees);
  section.real("warm_core_offset", spec.warm_core_offset, {0.0, 90.0});
  section.real("merge_distance", spec.merge_distance, {0.0, 90.0});
  section.real("range", spec.range, degrees);
  section.duration("min_duration", spec.min_duration, model_step, longest);
  section.duration("max_gap", spec.max_gap, model_step, longest);
  section.integer("min_points", spec.min_points, {0, 10'000});
  section.real("wind", spec.wind, {0.0, 150.0});
  section.real("max_latitude", spec.max_latitude, {0.0, 90.0});
  section.real("max_elevation", spec.max_elevation, {-500.0, 9'000.0});
}

void refuse_criteria(SectionReader& section, const TracksSpec& spec, const std::string& tracker) {
  const TracksSpec otherwise;
  const std::string by = "tracker " + tracker;
  section.unused("warm_core", spec.warm_core, otherwise.warm_core, by);
  section.unused("pressure_rise", spec.pressure_rise, otherwise.pressure_rise, by);
  section.unused("pressure_distance", spec.pressure_distance, otherwise.pressure_distance, by);
  section.unused("warm_core_drop", spec.warm_core_drop, otherwise.warm_core_drop, by);
  section.unused("warm_core_distance", spec.warm_core_distance, otherwise.warm_core_distance, by);
  section.unused("warm_core_offset", spec.warm_core_offset, otherwise.warm_core_offset, by);
  section.unused("merge_distance", spec.merge_distance, otherwise.merge_distance, by);
  section.unused("range", spec.range, otherwise.range, by);
  section.unused("min_duration", spec.min_duration, otherwise.min_duration, by);
  section.unused("max_gap", spec.max_gap, otherwise.max_gap, by);
  section.unused("min_points", spec.min_points, otherwise.min_points, by);
  section.unused("wind", spec.wind, otherwise.wind, by);
  section.unused("max_latitude", spec.max_latitude, otherwise.max_latitude, by);
  section.unused("max_elevation", spec.max_elevation, otherwise.max_elevation, by);
}

void check_hens(SectionReader& section, const TracksSpec& spec) {
  const TracksSpec otherwise;
  if (!is_temperature(spec.warm_core) && !is_thickness(spec.warm_core)) {
    section.problem("warm_core", fmt::format("expected {}", warm_core_wanted));
  }
  section.unused("compatible", spec.compatible, false, "tracker hens");
  section.unused("search_distance", spec.search_distance, otherwise.search_distance, "tracker hens, which has range");
  section.unused("window", spec.window, otherwise.window, "tracker hens, which has max_gap");
  if (spec.min_points > spec.min_duration / model_step + 1) {
    section.problem("min_points",
                    fmt::format("is {}, and a track of min_duration {} has {} points: expected at most "
                                "as many",
                                spec.min_points, duration_text(spec.min_duration), spec.min_duration / model_step + 1));
  }
}

void read_entry(SectionReader section, TracksSpec& spec) {
  section.name("name", spec.name);
  section.choice("tracker", spec.tracker, tracker_names());
  section.boolean("compatible", spec.compatible);
  read_criteria(section, spec);
  section.real("search_distance", spec.search_distance, {1.0, 20'000.0});
  section.integer("window", spec.window, {1, 100});
  section.real("strike_radius", spec.strike_radius, {1.0, 2'000.0});
  if (spec.tracker == TrackerKind::hens) {
    check_hens(section, spec);
  } else {
    const std::string tracker = name_of(spec.tracker, tracker_names());
    if (!spec.compatible) {
      section.problem("compatible", fmt::format("is false, and tracker {} is Earth2Studio's with its faults "
                                                "(docs/tracks.md): expected compatible: true, or tracker: hens",
                                                tracker));
    }
    refuse_criteria(section, spec, tracker);
  }
  section.finish();
}

Json entry_json(const TracksSpec& spec) {
  return {{"name", spec.name},
          {"tracker", name_of(spec.tracker, tracker_names())},
          {"compatible", spec.compatible},
          {"pressure_rise", spec.pressure_rise},
          {"pressure_distance", spec.pressure_distance},
          {"warm_core", spec.warm_core},
          {"warm_core_drop", spec.warm_core_drop},
          {"warm_core_distance", spec.warm_core_distance},
          {"warm_core_offset", spec.warm_core_offset},
          {"merge_distance", spec.merge_distance},
          {"range", spec.range},
          {"min_duration", duration_text(spec.min_duration)},
          {"max_gap", duration_text(spec.max_gap)},
          {"min_points", spec.min_points},
          {"wind", spec.wind},
          {"max_latitude", spec.max_latitude},
          {"max_elevation", spec.max_elevation},
          {"search_distance", spec.search_distance},
          {"window", spec.window},
          {"strike_radius", spec.strike_radius}};
}

TracksSpec entry_from(const Json& json) {
  TracksSpec spec;
  spec.name = json.at("name");
  for (const auto& [name, value] : tracker_names().names) {
    if (json.at("tracker") == name) spec.tracker = value;
  }
  spec.compatible = json.at("compatible");
  spec.pressure_rise = json.at("pressure_rise");
  spec.pressure_distance = json.at("pressure_distance");
  spec.warm_core = json.at("warm_core").get<std::vector<std::string>>();
  spec.warm_core_drop = json.at("warm_core_drop");
  spec.warm_core_distance = json.at("warm_core_distance");
  spec.warm_core_offset = json.at("warm_core_offset");
  spec.merge_distance = json.at("merge_distance");
  spec.range = json.at("range");
  spec.min_duration = parse_duration(json.at("min_duration").get<std::string>());
  spec.max_gap = parse_duration(json.at("max_gap").get<std::string>());
  spec.min_points = json.at("min_points");
  spec.wind = json.at("wind");
  spec.max_latitude = json.at("max_latitude");
  spec.max_elevation = json.at("max_elevation");
  spec.search_distance = json.at("search_distance");
  spec.window = json.at("window");
  spec.strike_radius = json.at("strike_radius");
  return spec;
}

}  // namespace

void read_tracks(SectionReader& top, std::vector<TracksSpec>& all, Problems& problems) {
  const YamlNode* node = top.raw("tracks");
  if (node == nullptr || node->kind == YamlNode::Kind::null) return;
  const bool list = node->kind == YamlNode::Kind::list;
  std::set<std::string> taken;
  for (size_t k = 0; k < (list ? node->items.size() : 1); ++k) {
    const YamlNode& entry = list ? node->items[k] : *node;
    const std::string key = list ? fmt::format("tracks.{}", k) : "tracks";
    all.emplace_back();
    read_entry({&entry, key, node->place, problems}, all.back());
    if (!taken.insert(all.back().name).second) {
      problems.add(entry.place, key + ".name",
                   fmt::format("an earlier entry has the name '{}', too: give it a name of its own", all.back().name));
    }
  }
}

Json tracks_json(const std::vector<TracksSpec>& all) {
  Json json = Json::array();
  for (const TracksSpec& spec : all) json.push_back(entry_json(spec));
  return json;
}

std::vector<TracksSpec> tracks_from(const Json& json) {
  std::vector<TracksSpec> all;
  for (const Json& entry : json) all.push_back(entry_from(entry));
  return all;
}

}  // namespace hens
