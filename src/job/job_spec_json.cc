// The job spec as JSON, and the part of it that shapes a forecast's bytes.
#include <charconv>

#include "base/checksum.h"
#include "base/error.h"
#include "job/job_spec.h"
#include "job/spec_names.h"
#include "job/statistics_section.h"
#include "job/tracks_section.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

Json amplitudes_json(const Amplitudes& amplitudes) {
  Json json = Json::object();
  for (const auto& [channel, amplitude] : amplitudes) {
    if (amplitude.times_std) {
      json[channel] = fmt::format("{} std", amplitude.value);
    } else {
      json[channel] = amplitude.value;
    }
  }
  return json;
}

// The number in "0.35 std".
double leading_number(const std::string& text) {
  double value = 0.0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) fail(ExitCode::bad_input, "'{}' is no amplitude, expected one as '0.35 std'", text);
  return value;
}

Amplitudes amplitudes_from(const Json& json) {
  Amplitudes amplitudes;
  for (const auto& [channel, value] : json.items()) {
    amplitudes[channel] =
        value.is_string() ? Amplitude{leading_number(value), true} : Amplitude{value.get<double>(), false};
  }
  return amplitudes;
}

template <typename T>
Json texts_json(const std::vector<T>& values, std::string (*write)(T)) {
  Json json = Json::array();
  for (const T& value : values) json.push_back(write(value));
  return json;
}

template <typename Enum>
Enum enum_from(const Json& json, const EnumNames<Enum>& names) {
  for (const auto& [name, value] : names.names) {
    if (json == name) return value;
  }
  fail(ExitCode::bad_input, "{} is no value of this version of hens", json.dump());
}

Json output_json(const OutputSpec& output) {
  Json json{{"name", output.name},
            {"variables", output.variables},
            {"format", name_of(output.format, format_names())},
            {"every", duration_text(output.every)},
            {"initial_state", output.initial_state},
            {"compression", name_of(output.compression, compression_names())}};
  // Absent where they say the default, so that the hash of a job without them is what it always was.
  if (!output.region.empty()) json["region"] = output.region;
  if (output.layout != OutputLayout::hens) json["layout"] = name_of(output.layout, layout_names());
  if (!output.shard) json["shard"] = false;
  if (!output.keep_bits.empty()) json["keep_bits"] = output.keep_bits;
  if (output.format != StoreFormat::grib2) return json;  // so that the hash of other jobs is what it always was
  json["files"] = name_of(output.files, grib_files_names());
  json["bits"] = output.bits;
  json["grib"] = {
      {"centre", output.grib.centre}, {"sub_centre", output.grib.sub_centre}, {"process", output.grib.process}};
  return json;
}

OutputSpec output_from(const Json& json) {
  OutputSpec output;
  output.name = json.at("name");
  output.variables = json.at("variables").get<std::vector<std::string>>();
  output.format = enum_from(json.at("format"), format_names());
  output.every = parse_duration(json.at("every").get<std::string>());
  output.initial_state = json.at("initial_state");
  output.compression = enum_from(json.at("compression"), compression_names());
  output.region = json.value("region", "");
  if (json.contains("layout")) output.layout = enum_from(json["layout"], layout_names());
  output.shard = json.value("shard", true);
  if (json.contains("keep_bits")) json["keep_bits"].get_to(output.keep_bits);
  if (output.format != StoreFormat::grib2) return output;
  output.files = enum_from(json.at("files"), grib_files_names());
  output.bits = json.at("bits");
  const Json& grib = json.at("grib");
  output.grib = {grib.at("centre"), grib.at("sub_centre"), grib.at("process")};
  return output;
}

Json perturbation_json(const PerturbationSpec& p) {
  return {{"method", name_of(p.method, perturbation_names())},
          {"integration_steps", p.integration_steps},
          {"amplitude", amplitudes_json(p.amplitude)},
          {"noise",
           {{"method", name_of(p.noise.method, noise_names())},
            {"amplitude", amplitudes_json(p.noise.amplitude)},
            {"sigma", p.noise.sigma},
            {"length_scale", p.noise.length_scale},
            {"time_scale", duration_text(p.noise.time_scale)}}}};
}

PerturbationSpec perturbation_from(const Json& json) {
  PerturbationSpec p;
  p.method = enum_from(json.at("method"), perturbation_names());
  p.integration_steps = json.at("integration_steps");
  p.amplitude = amplitudes_from(json.at("amplitude"));
  const Json& noise = json.at("noise");
  p.noise.method = enum_from(noise.at("method"), noise_names());
  p.noise.amplitude = amplitudes_from(noise.at("amplitude"));
  p.noise.sigma = noise.at("sigma");
  p.noise.length_scale = noise.at("length_scale");
  p.noise.time_scale = parse_duration(noise.at("time_scale").get<std::string>());
  return p;
}

// The entry of a forecast stands there where one was chosen, so that the hash of other jobs is what it always was.
Json initial_conditions_json(const InitialConditionsSpec& spec) {
  Json json{{"source", name_of(spec.source, source_names())},
            {"times", texts_json(spec.times, iso_time)},
            {"path", spec.path},
            {"product", spec.product},
            {"gravity", spec.gravity},
            {"check", name_of(spec.check, check_names())}};
  if (spec.member) json["member"] = *spec.member;
  if (spec.lead_time) json["lead_time"] = duration_text(*spec.lead_time);
  return json;
}

InitialConditionsSpec initial_conditions_from(const Json& json) {
  InitialConditionsSpec spec;
  spec.source = enum_from(json.at("source"), source_names());
  for (const Json& time : json.at("times")) spec.times.push_back(parse_time(time.get<std::string>()));
  spec.path = json.at("path").get<std::vector<std::string>>();
  spec.product = json.at("product");
  spec.gravity = json.at("gravity");
  if (json.contains("check")) spec.check = enum_from(json.at("check"), check_names());  // absent in older runs
  if (json.contains("member")) spec.member = json.at("member").get<int>();
  if (json.contains("lead_time")) spec.lead_time = parse_duration(json.at("lead_time").get<std::string>());
  return spec;
}

// A control and the like stand there where there is one, so that the hash of a job without one is what it always was.
Json ensemble_json(const EnsembleSpec& spec) {
  Json json{{"members", spec.members}, {"seed", spec.seed}};
  if (spec.control) json["control"] = true;
  if (spec.lagged) json["lagged"] = true;
  return json;
}

Json forecast_json(const ForecastSpec& spec) {
  return {{"steps", spec.steps},
          {"engine", name_of(spec.engine, engine_names())},
          {"precision", name_of(spec.precision, precision_names())},
          {"sun", name_of(spec.sun, sun_names())}};
}

ForecastSpec forecast_from(const Json& json) {
  ForecastSpec spec;
  spec.steps = json.at("steps").get<std::vector<int>>();
  spec.engine = enum_from(json.at("engine"), engine_names());
  spec.precision = enum_from(json.at("precision"), precision_names());
  spec.sun = enum_from(json.at("sun"), sun_names());
  return spec;
}

Json runtime_json(const RuntimeSpec& spec) {
  return {{"device", spec.device},
          {"devices", spec.devices.empty() ? Json("auto") : Json(spec.devices)},
          {"threads", spec.threads},
          {"batch", spec.batch},
          {"writers", spec.writers},
          {"queue_fields", spec.queue_fields},
          {"block", spec.block},
          {"full_verify", spec.full_verify},
          {"price_per_hour", spec.price_per_hour},
          {"silence_limit", duration_text(spec.silence_limit)},
          {"results", spec.results},
          {"keep_local", spec.keep_local},
          {"upload_queue", spec.upload_queue},
          {"upload_patience", duration_text(spec.upload_patience)}};
}

RuntimeSpec runtime_from(const Json& json) {
  std::vector<std::string> devices;
  if (const auto list = json.find("devices"); list != json.end() && list->is_array()) list->get_to(devices);
  const Duration silence = parse_duration(json.value("silence_limit", "10m"));
  const RuntimeSpec defaults;
  return {json.at("device"),
          std::move(devices),
          json.at("threads"),
          json.at("batch"),
          json.at("writers"),
          json.at("queue_fields"),
          json.at("full_verify"),
          json.at("price_per_hour"),
          silence,
          json.value("block", defaults.block),  // this and what follows is absent in older runs
          json.value("results", defaults.results),
          json.value("keep_local", defaults.keep_local),
          json.value("upload_queue", defaults.upload_queue),
          parse_duration(json.value("upload_patience", duration_text(defaults.upload_patience)))};
}

ReportSpec report_from(const Json& json) {
  ReportSpec spec{{}, json.at("maps")};
  for (const Json& lead : json.at("map_leads")) spec.map_leads.push_back(parse_duration(lead.get<std::string>()));
  if (json.contains("places")) spec.places = points_from(json["places"]);
  return spec;
}

}  // namespace

Json to_json(const JobSpec& spec) {
  Json outputs = Json::array();
  for (const OutputSpec& output : spec.output) outputs.push_back(output_json(output));
  Json json{{"name", spec.name},
            {"initial_conditions", initial_conditions_json(spec.initial_conditions)},
            {"models", spec.models},
            {"ensemble", ensemble_json(spec.ensemble)},
            {"perturbation", perturbation_json(spec.perturbation)},
            {"forecast", forecast_json(spec.forecast)},
            {"output", outputs},
            {"runtime", runtime_json(spec.runtime)},
            {"mirrors", {{"s3", spec.mirrors.s3}, {"hf", spec.mirrors.hf}, {"https", spec.mirrors.https}}},
            {"report", {{"maps", spec.report.maps}, {"map_leads", texts_json(spec.report.map_leads, duration_text)}}}};
  // Absent where there are none, so that the hash of a job without them is what it always was.
  if (!spec.regions.empty()) json["regions"] = regions_json(spec.regions);
  if (!spec.statistics.empty()) json["statistics"] = statistics_json(spec.statistics);
  if (!spec.tracks.empty()) json["tracks"] = tracks_json(spec.tracks);
  if (!spec.report.places.empty()) json["report"]["places"] = points_json(spec.report.places);
  return json;
}

JobSpec job_spec_from_json(const Json& json) {
  JobSpec spec;
  spec.name = json.at("name");
  spec.initial_conditions = initial_conditions_from(json.at("initial_conditions"));
  spec.models = json.at("models").get<std::vector<std::string>>();
  const Json& ensemble = json.at("ensemble");
  spec.ensemble = {.members = ensemble.at("members"),
                   .seed = ensemble.at("seed"),
                   .lagged = ensemble.value("lagged", false),
                   .control = ensemble.value("control", false)};
  spec.perturbation = perturbation_from(json.at("perturbation"));
  spec.forecast = forecast_from(json.at("forecast"));
  if (json.contains("regions")) spec.regions = regions_from(json["regions"]);
  spec.output.clear();
  for (const Json& output : json.at("output")) spec.output.push_back(output_from(output));
  if (json.contains("statistics")) spec.statistics = statistics_from(json["statistics"]);
  if (json.contains("tracks")) spec.tracks = tracks_from(json["tracks"]);
  spec.runtime = runtime_from(json.at("runtime"));
  const Json& mirrors = json.at("mirrors");
  spec.mirrors = {mirrors.at("s3"), mirrors.at("hf"), mirrors.at("https")};
  spec.report = report_from(json.at("report"));
  return spec;
}

// Paths of packages and analyses differ from host to host: weights are identified by their digests (run_identity), and
// analyses by what the sources record. The check of analyses lets them pass or not. `name` stands in the stores'
// titles.
Json forecast_part(const JobSpec& spec) {
  Json json = to_json(spec);
  for (const char* key : {"models", "runtime", "mirrors", "report"}) json.erase(key);
  for (const char* key : {"path", "check"}) json["initial_conditions"].erase(key);
  json["models"] = spec.models.size();
  return json;
}

std::string forecast_hash(const JobSpec& spec) { return sha256_hex(forecast_part(spec).dump()); }

}  // namespace hens
