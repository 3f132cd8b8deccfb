#include "job/statistics_section.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "job/spec_names.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration longest = 10'000 * model_step;
constexpr RealRange level_range{1e-6, 1.0 - 1e-6};
constexpr size_t most_thresholds = 16;  // of one entry: counts of each are kept at each point

void read_windows(SectionReader& section, StatisticsSpec& spec) {
  section.duration("over", spec.over, model_step, longest);
  section.choice("reduce", spec.reduce, reduce_names());
  const bool windows = spec.over.count() > 0, reduces = spec.reduce != Reduce::none;
  if (windows && !reduces && !section.has("reduce"))
    section.require("reduce", "how a window becomes one field: mean, max, min or sum");
  if (windows && !reduces && section.has("reduce"))
    section.problem("reduce", "is none beside over: expected mean, max, min or sum");
  if (!windows && reduces) section.problem("reduce", "is of windows: expected over, their length, as 24h");
}

// Windows do not overlap: each step is part of one at most.
void check_windows(SectionReader& section, const StatisticsSpec& spec) {
  const char* key = spec.leads.empty() ? "every" : "leads";
  Duration before{};
  for (const Duration lead : statistics_leads(spec, 10'000)) {
    if (lead - spec.over < before) {
      return section.problem(key,
                             fmt::format("has windows of {} that overlap, or begin before the forecast: expected "
                                         "ends at least {} apart, the first not before {}",
                                         duration_text(spec.over), duration_text(spec.over), duration_text(spec.over)));
    }
    before = lead;
  }
}

void read_leads(SectionReader& section, StatisticsSpec& spec, int shortest) {
  section.durations("leads", spec.leads, model_step);
  section.duration("every", spec.every, model_step, longest);
  if (section.has("leads") && section.has("every")) {
    section.problem("every", "says the same as leads: expected one of the two");
  }
  if (spec.over.count() > 0) check_windows(section, spec);
  if (shortest > 0 && statistics_leads(spec, shortest).empty()) {
    const char* key = section.has("leads") ? "leads" : section.has("every") ? "every" : "over";
    section.problem(key, fmt::format("leaves nothing of a forecast of {} steps", shortest));
  }
}

// Numbers, or mappings of a file: {file: t2m_climate.nc, quantile: 0.95}.
void read_thresholds(SectionReader& section, StatisticsSpec& spec, Problems& problems) {
  const YamlNode* node = section.raw("thresholds");
  if (node == nullptr) return;
  const auto is_map = [](const YamlNode& item) { return item.kind == YamlNode::Kind::map; };
  const bool one = is_map(*node);
  if (!one && std::ranges::none_of(node->items, is_map)) {
    return section.reals("thresholds", spec.thresholds, {-1e9, 1e9});
  }
  const std::vector<YamlNode> items = one ? std::vector<YamlNode>{*node} : node->items;
  for (size_t k = 0; k < items.size(); ++k) {
    if (!is_map(items[k])) {
      return section.problem("thresholds", "are numbers and files: expected one kind, and an entry for each");
    }
    ThresholdField field;
    SectionReader of_field(&items[k], section.dotted(fmt::format("thresholds.{}", k)), node->place, problems);
    of_field.require("file", "a netCDF file of a climatology, as t2m_climate.nc");
    of_field.text("file", field.file);
    double quantile = 0.0;
    of_field.real("quantile", quantile, {0.0, 1.0});
    if (of_field.has("quantile")) field.quantile = quantile;
    of_field.text("sha256", field.sha256);
    of_field.finish();
    if (std::ranges::find(spec.threshold_fields, field) != spec.threshold_fields.end()) {
      of_field.problem("file", "stands in the list twice, with the same quantile");
    }
    spec.threshold_fields.push_back(field);
  }
}

void read_entry(SectionReader section, StatisticsSpec& spec, int shortest, Problems& problems) {
  section.require("variables", "channels, as [t2m, z500]");
  section.text("region", spec.region);
  section.words("variables", spec.variables, "channels, as u10m or z500", is_name);
  read_windows(section, spec);
  read_leads(section, spec, shortest);
  section.boolean("moments", spec.moments);
  section.boolean("extremes", spec.extremes);
  read_thresholds(section, spec, problems);
  section.choice("comparison", spec.comparison, comparison_names());
  section.reals("quantiles", spec.quantiles, level_range);
  std::ranges::sort(spec.quantiles);
  double width = 0.0;
  section.real("width", width, {1e-9, 1e6});
  if (width > 0.0) spec.width = width;
  if (spec.threshold_count() > most_thresholds) {
    section.problem("thresholds", fmt::format("are {}, expected at most {}", spec.threshold_count(), most_thresholds));
  }
  if (section.has("width") && spec.quantiles.empty()) {
    section.problem("width", "is of the bins that quantiles are made of: expected quantiles, or leave it out");
  }
  if (!spec.moments && !spec.extremes && spec.threshold_count() == 0 && spec.quantiles.empty()) {
    section.problem("moments", "is false, and nothing else is asked for: leave the entry out");
  }
  section.finish();
}

// What an entry keeps of one variable, by the names of what it leaves.
std::vector<std::string> kept_names(const StatisticsSpec& spec, const std::string& variable) {
  const std::string name = statistics_name(spec, variable);
  std::vector<std::string> names;
  if (spec.moments) names.push_back(name + "_mean");
  if (spec.extremes) names.push_back(name + "_min");
  if (!spec.thresholds.empty()) names.push_back(name + "_probability");
  if (!spec.threshold_fields.empty()) names.push_back(name + "_climate_probability");
  if (!spec.quantiles.empty()) names.push_back(name + "_quantile");
  return names;
}

Json durations_json(const std::vector<Duration>& durations) {
  Json json = Json::array();
  for (const Duration duration : durations) json.push_back(duration_text(duration));
  return json;
}

Json entry_json(const StatisticsSpec& spec) {
  Json json{{"variables", spec.variables}};
  if (!spec.region.empty()) json["region"] = spec.region;
  if (!spec.leads.empty()) json["leads"] = durations_json(spec.leads);
  if (spec.every.count() > 0) json["every"] = duration_text(spec.every);
  if (spec.over.count() > 0) json["over"] = duration_text(spec.over);
  json["reduce"] = name_of(spec.reduce, reduce_names());
  json["moments"] = spec.moments;
  json["extremes"] = spec.extremes;
  json["thresholds"] = spec.thresholds;
  for (const ThresholdField& field : spec.threshold_fields) {
    Json item{{"file", field.file}};
    if (field.quantile) item["quantile"] = *field.quantile;
    if (!field.sha256.empty()) item["sha256"] = field.sha256;
    json["thresholds"].push_back(item);
  }
  json["comparison"] = name_of(spec.comparison, comparison_names());
  json["quantiles"] = spec.quantiles;
  if (spec.width) json["width"] = *spec.width;
  return json;
}

template <typename Enum>
Enum value_of(const std::string& text, const EnumNames<Enum>& names) {
  for (const auto& [name, value] : names.names) {
    if (name == text) return value;
  }
  fail(ExitCode::bad_input, "'{}' is no value of this version of hens", text);
}

StatisticsSpec entry_from(const Json& json) {
  StatisticsSpec spec;
  spec.variables = json.at("variables").get<std::vector<std::string>>();
  spec.region = json.value("region", "");
  for (const Json& lead : json.value("leads", Json::array()))
    spec.leads.push_back(parse_duration(lead.get<std::string>()));
  if (json.contains("every")) spec.every = parse_duration(json["every"].get<std::string>());
  if (json.contains("over")) spec.over = parse_duration(json["over"].get<std::string>());
  spec.reduce = value_of(json.at("reduce").get<std::string>(), reduce_names());
  spec.moments = json.at("moments");
  spec.extremes = json.at("extremes");
  for (const Json& item : json.at("thresholds")) {
    if (item.is_number()) {
      spec.thresholds.push_back(item.get<double>());
      continue;
    }
    ThresholdField field{item.at("file"), std::nullopt, item.value("sha256", "")};
    if (item.contains("quantile")) field.quantile = item["quantile"].get<double>();
    spec.threshold_fields.push_back(field);
  }
  spec.comparison = value_of(json.at("comparison").get<std::string>(), comparison_names());
  spec.quantiles = json.at("quantiles").get<std::vector<double>>();
  if (json.contains("width")) spec.width = json["width"].get<double>();
  return spec;
}

}  // namespace

void read_statistics(SectionReader& top, std::vector<StatisticsSpec>& all, int shortest, Problems& problems) {
  const YamlNode* node = top.raw("statistics");
  if (node == nullptr || node->kind == YamlNode::Kind::null) return;
  if (node->kind != YamlNode::Kind::list) {
    return top.problem("statistics",
                       fmt::format("is {}, expected a list of entries, each with its variables", shown(*node)));
  }
  std::set<std::pair<std::string, std::string>> taken;  // region, name
  for (size_t k = 0; k < node->items.size(); ++k) {
    const std::string key = fmt::format("statistics.{}", k);
    all.emplace_back();
    read_entry({&node->items[k], key, node->place, problems}, all.back(), shortest, problems);
    for (const std::string& variable : all.back().variables) {
      for (const std::string& name : kept_names(all.back(), variable)) {
        if (taken.emplace(all.back().region, name).second) continue;
        problems.add(node->items[k].place, key, fmt::format("makes {}, which an earlier entry makes, too", name));
      }
    }
  }
}

Json statistics_json(const std::vector<StatisticsSpec>& all) {
  Json json = Json::array();
  for (const StatisticsSpec& spec : all) json.push_back(entry_json(spec));
  return json;
}

std::vector<StatisticsSpec> statistics_from(const Json& json) {
  std::vector<StatisticsSpec> all;
  for (const Json& entry : json) all.push_back(entry_from(entry));
  return all;
}

}  // namespace hens
