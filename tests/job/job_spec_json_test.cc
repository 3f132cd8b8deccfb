// The spec as JSON, the forecast hash, and that reader, schema and documentation know the same keys.
#include <functional>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/files.h"
#include "job/spec_text.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;
using test::minimal_spec;
using test::parse;
using test::parse_with;

// A spec with every section and no default that a change could hit by chance.
JobSpec rich_spec() {
  return parse_with(
      {"perturbation={method: hemispheric_centred_bred_vector, amplitude: {t850: 0.35 std}}",
       "initial_conditions={source: netcdf, times: [2024-01-01, 2024-01-02], path: [a.nc]}",
       "mirrors={s3: http://a, hf: http://b, https: http://c}",
       "output=[{name: a, region: here, layout: weatherbench, keep_bits: {all: 9, v10m: 12}}, {name: b},"
       "{name: c, format: grib2, files: lead, bits: 12}]",
       "regions={here: {lat_min: 1, lat_max: 2, lon_min: 3, lon_max: 4}, there: {points: {p: {lat: 5, lon: "
       "6}}, method: nearest}}",
       "statistics=[{variables: [t2m], leads: [24h], over: 12h, reduce: max, thresholds: [0.5]},"
       "{variables: [z500], region: there, every: 6h, moments: false, quantiles: [0.25, 0.5], width: 2.5}]",
       "tracks=[{wind: 12.5}, {name: peer, tracker: vitart, compatible: true, window: 3}]"});
}

Json schema() { return Json::parse(read_file(fs::path(HENS_SOURCE_DIR) / "jobs/job.schema.json")); }

struct SchemaLeaf {
  std::string affects;  // "by value", "by content", "no"
  Json default_value;   // null where it has none
};

// All leaves of the schema by dotted key; items of lists have the list's key, as have regions.
std::map<std::string, SchemaLeaf> schema_leaves() {
  const Json whole = schema();
  std::map<std::string, SchemaLeaf> leaves;
  const std::function<void(const Json&, const std::string&)> walk = [&](const Json& node, const std::string& key) {
    if (node.contains("x-affects-forecast")) {
      leaves[key] = {node["x-affects-forecast"], node.value("default", Json())};
      return;
    }
    const bool list = key == "output" || key == "statistics" || key == "tracks";
    const Json& properties = list ? whole["$defs"][key]["properties"] : node.at("properties");
    for (const auto& [name, child] : properties.items()) walk(child, key.empty() ? name : key + "." + name);
  };
  walk(whole, "");
  return leaves;
}

// The dotted keys of `json`'s leaves with their JSON pointers; list indices and channels are no part of a key.
void for_each_leaf(const Json& json,
                   const std::function<void(const std::string& key, const Json::json_pointer&)>& use) {
  const std::function<void(const Json&, const std::string&, const Json::json_pointer&)> walk =
      [&](const Json& node, const std::string& key, const Json::json_pointer& at) {
        if (!node.is_structured()) return use(key, at);
        for (const auto& [name, child] : node.items()) {
          const bool unnamed =
              node.is_array() || key.ends_with("amplitude") || key.ends_with("keep_bits") || key == "regions";
          walk(child, unnamed ? key : key.empty() ? name : key + "." + name, at / name);
        }
      };
  walk(json, "", Json::json_pointer());
}

// Another valid value for a leaf.
Json changed(const std::string& key, const Json& value) {
  static const std::map<std::string, std::string> other_words{{"initial_conditions.source", "grib"},
                                                              {"initial_conditions.product", "2p50"},
                                                              {"initial_conditions.check", "finite"},
                                                              {"perturbation.method", "none"},
                                                              {"forecast.precision", "tf32"},
                                                              {"forecast.sun", "float64"},
                                                              {"output.format", "netcdf"},
                                                              {"output.compression", "zstd"},
                                                              {"output.layout", "cf"},
                                                              {"output.files", "member"},
                                                              {"statistics.reduce", "min"},
                                                              {"statistics.comparison", "above"},
                                                              {"forecast.engine", "fast"},
                                                              {"tracks.tracker", "wuduan"}};
  if (const auto word = other_words.find(key); word != other_words.end()) return word->second;
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>() + 1;
  if (value.is_number()) return value.get<double>() + 0.0009765625;
  const std::string text = value;
  if (key == "regions") return "bilinear";
  if (text.ends_with(" std")) return "0.36 std";
  if (key.ends_with("times")) return "2031-01-01T00:00:00Z";
  if (key == "runtime.devices") return Json::array({"cpu", "cpu"});
  if (key == "runtime.silence_limit" || key == "runtime.upload_patience") return "7m";
  if (key == "statistics.leads" || key == "statistics.every" || key == "statistics.over") return "30h";
  if (key == "tracks.min_duration" || key == "tracks.max_gap") return "30h";
  if (key == "output.every" || key.ends_with("time_scale") || key.ends_with("map_leads")) return "30h";
  return text + "x";
}

TEST(JobSpecJson, SpellsOutEveryDefaultInTheStructsOrder) {
  EXPECT_EQ(
      to_json(parse(minimal_spec())).dump(),
      R"({"name":"test","initial_conditions":{"source":"analytic","times":["2024-01-01T00:00:00Z"],"path":[],)"
      R"("product":"0p25","gravity":9.80665,"check":"strict"},"models":["synth:mini?seed=102"],"ensemble":{"members":1,"seed":0},)"
      R"("perturbation":{"method":"none","integration_steps":3,"amplitude":{"z500":39.27},"noise":{"method":)"
      R"("correlated_spherical_gaussian","amplitude":{"z500":39.27},"sigma":1.0,"length_scale":500000.0,)"
      R"("time_scale":"2d"}},"forecast":{"steps":[4],"engine":"auto","precision":"fp32","sun":"float32"},)"
      R"("output":[{"name":"hens","variables":["u10m","v10m"],"format":"zarr","every":"6h","initial_state":true,)"
      R"("compression":"none"}],"runtime":{"device":"auto","devices":"auto","threads":0,"batch":0,"writers":0,"queue_fields":64,)"
      R"("block":256,"full_verify":true,"price_per_hour":0.0,"silence_limit":"10m","results":"","keep_local":true,"upload_queue":16,)"
      R"("upload_patience":"10m"},"mirrors":{"s3":"","hf":"","https":""},"report":{"maps":true,)"
      R"("map_leads":["1d"]}})");
}

TEST(JobSpecJson, ComesBackAsTheSameSpec) {
  const Json json = to_json(rich_spec());
  EXPECT_EQ(to_json(job_spec_from_json(json)), json);
  EXPECT_EQ(to_json(job_spec_from_json(Json::parse(json.dump()))), json);
}

// Folders of versions that did not know the key can be read.
TEST(JobSpecJson, ReadsSpecsWithoutTheCheckOfAnalyses) {
  Json json = to_json(rich_spec());
  json["initial_conditions"].erase("check");
  EXPECT_EQ(job_spec_from_json(json).initial_conditions.check, StateCheck::strict);
}

TEST(ForecastHash, IsTheDigestOfTheForecastPart) {
  const JobSpec spec = rich_spec();
  EXPECT_EQ(forecast_hash(spec), sha256_hex(forecast_part(spec).dump()));
  EXPECT_EQ(forecast_hash(spec), forecast_hash(job_spec_from_json(to_json(spec))));
}

// Runs that are under way on disk must find their hash again in a later version: a new key that affects the forecast
// has to change this on purpose.
TEST(ForecastHash, StaysTheSameFromVersionToVersion) {
  EXPECT_EQ(forecast_hash(parse(minimal_spec())), "e696ca7159b408fe2910fcffe41cc28f901fbb9acbb6812780675f499baa111f");
}

// Each leaf of the spec is changed by itself: the hash changes for those that the schema declares as `by value`, and
// for no other.
TEST(ForecastHash, ChangesExactlyWithWhatAffectsTheForecast) {
  const Json json = to_json(rich_spec());
  const std::string hash = forecast_hash(rich_spec());
  const auto leaves = schema_leaves();
  std::set<std::string> tried;
  for_each_leaf(json, [&](const std::string& key, const Json::json_pointer& at) {
    if (key == "perturbation.noise.method") return;  // one value so far
    if (json[at] == "grib2") return;                 // has keys that other formats lack
    if (key == "output.compression" && json.at(at.parent_pointer()).at("format") == "grib2") return;
    ASSERT_TRUE(leaves.contains(key)) << key << " is not in the schema";
    Json other = json;
    other[at] = changed(key, json[at]);
    const JobSpec spec = job_spec_from_json(other);
    ASSERT_EQ(to_json(spec), other) << key << ": the change is lost";
    EXPECT_EQ(forecast_hash(spec) != hash, leaves.at(key).affects == "by value") << key;
    tried.insert(key);
  });
  EXPECT_EQ(tried.size(), leaves.size() - 8)
      << "all but the one above, lead_time, which becomes steps, and control, "
         "lagged, shard, places and the forecast's member and lead_time to start from, "
         "absent where not asked for";
  const std::vector<std::string> store{"initial_conditions.source=zarr", "initial_conditions.path=/a.zarr"};
  for (const char* choice : {"initial_conditions.member=0", "initial_conditions.lead_time=0h"}) {
    std::vector<std::string> chosen = store;
    chosen.emplace_back(choice);
    const JobSpec spec = parse_with(chosen);
    EXPECT_NE(forecast_hash(spec), forecast_hash(parse_with(store))) << choice;
    EXPECT_EQ(to_json(job_spec_from_json(to_json(spec))), to_json(spec)) << choice;
  }
  EXPECT_NE(forecast_hash(parse_with({"output.shard=false"})), forecast_hash(parse_with({"output.shard=true"})));
  EXPECT_EQ(forecast_hash(parse_with({"output={layout: hens, shard: true}"})), forecast_hash(parse_with({})));
  EXPECT_NE(forecast_hash(parse_with({"perturbation.method=correlated_spherical_gaussian", "ensemble.control=true"})),
            forecast_hash(parse_with({"perturbation.method=correlated_spherical_gaussian"})));
}

TEST(ForecastHash, ChangesWithTheNumberOfModelsNotTheirPlace) {
  const std::string hash = forecast_hash(parse_with({"models=[/a/x, /a/y]"}));
  EXPECT_EQ(forecast_hash(parse_with({"models=[/b/x, /b/y]"})), hash);
  EXPECT_NE(forecast_hash(parse_with({"models=[/a/x]"})), hash);
}

// A section's keys as the reader tells them to somebody who mistypes one.
std::set<std::string> known_keys(const std::string& section) {
  const std::string prefix = section.empty() ? "" : section + ".";
  const bool listed = section == "statistics";
  const std::string said = test::problems_with({listed ? section + "=[{qqqqqqqq: 1}]" : prefix + "qqqqqqqq=1"});
  const std::string mark = prefix + (listed ? "0." : "") + "qqqqqqqq: is no key here; known are ";
  const size_t at = said.find(mark);
  EXPECT_NE(at, std::string::npos) << said;
  std::set<std::string> keys;
  std::istringstream list(said.substr(at + mark.size(), said.find('\n', at) - at - mark.size()));
  for (std::string key; list >> key;) keys.insert(prefix + (key.ends_with(',') ? key.substr(0, key.size() - 1) : key));
  return keys;
}

TEST(JobSchema, ListsTheKeysThatTheReaderKnows) {
  std::set<std::string> reader;
  const std::function<void(const std::string&)> collect = [&](const std::string& section) {
    static const std::set<std::string> sections{"initial_conditions",
                                                "ensemble",
                                                "perturbation",
                                                "perturbation.noise",
                                                "forecast",
                                                "output",
                                                "output.grib",
                                                "statistics",
                                                "tracks",
                                                "runtime",
                                                "mirrors",
                                                "report"};
    for (const std::string& key : known_keys(section)) {
      if (sections.contains(key)) {
        collect(key);
      } else {
        reader.insert(key);
      }
    }
  };
  collect("");
  std::set<std::string> listed;
  for (const auto& [key, leaf] : schema_leaves()) listed.insert(key);
  EXPECT_EQ(listed, reader);
}

TEST(JobSchema, HasTheReadersDefaults) {
  const Json resolved = to_json(parse(minimal_spec("statistics: [{variables: [t2m]}]\ntracks: {name: tc}\n")));
  const Json of_grib = to_json(parse_with({"output.format=grib2"}));
  for (const auto& [key, leaf] : schema_leaves()) {
    if (leaf.default_value.is_null()) continue;
    const bool grib = key == "output.files" || key == "output.bits" || key.starts_with("output.grib.");
    Json at = grib ? of_grib : resolved;
    std::istringstream path(key);
    for (std::string word; std::getline(path, word, '.');) at = at.is_array() ? at.at(0).at(word) : at.at(word);
    if (key == "initial_conditions.source") continue;  // the minimal spec has its own
    EXPECT_EQ(at, leaf.default_value) << key;
  }
  EXPECT_EQ(schema_leaves().at("initial_conditions.source").default_value, "gfs");
  EXPECT_EQ(InitialConditionsSpec{}.source, SourceKind::gfs);
}

// docs/job_spec.md has one row for each key, which says the same about the forecast as the schema.
TEST(JobSchema, AgreesWithTheDocumentation) {
  std::map<std::string, std::string> documented;
  std::istringstream page(read_file(fs::path(HENS_SOURCE_DIR) / "docs/job_spec.md"));
  const std::regex row(R"(\| `([a-z0-9_.]+)` \| .* \| ([a-z ]+) \|)");
  for (std::string line; std::getline(page, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    EXPECT_TRUE(documented.emplace(match[1], match[2]).second) << match[1] << " has two rows";
  }
  std::map<std::string, std::string> listed;
  for (const auto& [key, leaf] : schema_leaves()) listed[key] = leaf.affects;
  EXPECT_EQ(documented, listed);
}

}  // namespace
}  // namespace hens
