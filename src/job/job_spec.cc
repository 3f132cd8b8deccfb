#include "job/job_spec.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.h"
#include "base/utf8.h"
#include "job/model_pattern.h"
#include "job/output_section.h"
#include "job/path_pattern.h"
#include "job/section_reader.h"
#include "job/spec_names.h"
#include "job/statistics_section.h"
#include "job/tracks_section.h"

namespace hens {
namespace {

constexpr IntRange step_range{1, 10'000};
constexpr Duration longest_lead = step_range.most * model_step;

bool is_url(const std::string& text) { return text.find("://") != std::string::npos; }

std::string anchored(const std::string& text, const fs::path& folder) {
  const bool path = !is_url(text) && !text.starts_with("synth:") && fs::path(text).is_relative();
  return path ? (folder / text).lexically_normal().string() : text;
}

void read_product(SectionReader& section, InitialConditionsSpec& spec, const std::string& source) {
  section.text("product", spec.product);
  if (spec.product != "0p25" && spec.product != "2p50") {
    section.problem("product",
                    fmt::format("is '{}', expected 0p25 (the bucket's) or 2p50 (a mirror's)", clipped(spec.product)));
  } else if (spec.source != SourceKind::gfs) {
    section.unused("product", spec.product, InitialConditionsSpec{}.product, source);
  }
}

// Members count as ensemble.members does; lead times reach as far as forecasts do.
void read_forecast_choice(SectionReader& section, InitialConditionsSpec& spec, bool may_be_forecast,
                          const std::string& source) {
  const auto only_forecasts = [&](const char* key) {
    if (!may_be_forecast) section.problem(key, fmt::format("is not used by {}: leave it out", source));
  };
  int member = -1;
  section.integer("member", member, {0, 9'999'999});
  if (member >= 0) {
    spec.member = member;
    only_forecasts("member");
  }
  std::vector<Duration> leads;
  section.durations("lead_time", leads, std::chrono::minutes(1));
  if (leads.size() > 1) section.problem("lead_time", "is a list: expected one lead time, as 6h");
  if (!leads.empty()) {
    spec.lead_time = leads.front();
    only_forecasts("lead_time");
  }
}

void read_initial_conditions(SectionReader section, InitialConditionsSpec& spec, const fs::path& folder) {
  section.choice("source", spec.source, source_names());
  const bool gfs = spec.source == SourceKind::gfs;
  section.require("times", "at least one UTC time as 2024-01-01T00:00:00Z");
  section.times("times", spec.times, gfs ? model_step : std::chrono::minutes(1),
                gfs ? "UTC times at 00, 06, 12 or 18 h, where GFS has analyses, as 2024-01-01T00:00:00Z"
                    : "UTC times in whole minutes, of 1678 to 2261, as 2024-01-01T00:00:00Z");
  section.texts("path", spec.path, true);
  for (std::string& path : spec.path) path = anchored(path, as_pattern(folder.string()));
  const bool reads_files = !gfs && spec.source != SourceKind::analytic;
  const std::string source = "source " + name_of(spec.source, source_names());
  if (reads_files) section.require("path", fmt::format("the files that {} reads", source));
  if (reads_files && section.has("path") && spec.path.empty()) {
    section.problem("path", fmt::format("is empty: expected the files that {} reads", source));
  }
  if (!reads_files) section.unused("path", spec.path, {}, source);
  read_product(section, spec, source);
  section.real("gravity", spec.gravity, {9.7, 9.9});
  const bool may_be_forecast =
      spec.source == SourceKind::grib || spec.source == SourceKind::netcdf || spec.source == SourceKind::zarr;
  read_forecast_choice(section, spec, may_be_forecast, source);
  const bool has_heights = gfs || may_be_forecast;
  if (!has_heights) section.unused("gravity", spec.gravity, InitialConditionsSpec{}.gravity, source);
  section.choice("check", spec.check, check_names());
  if (spec.source == SourceKind::analytic) section.unused("check", spec.check, InitialConditionsSpec{}.check, source);
  section.finish();
}

// Whether no amplitude was refused.
bool read_noise(SectionReader& section, NoiseSpec& spec, const fs::path& folder) {
  section.choice("method", spec.method, noise_names());
  const bool amplitudes = section.amplitudes("amplitude", spec.amplitude, spec.amplitude_file);
  if (spec.amplitude_file) spec.amplitude_file->path = anchored(spec.amplitude_file->path, folder);
  section.real("sigma", spec.sigma, {0.0, 100.0});
  section.real("length_scale", spec.length_scale, {1.0e4, 2.0e7});
  section.duration("time_scale", spec.time_scale, std::chrono::minutes(1), std::chrono::days(3650));
  section.finish();
  return amplitudes;
}

void unused_noise(SectionReader& section, const NoiseSpec& spec, const std::string& by) {
  const NoiseSpec otherwise;
  section.unused("amplitude", spec.amplitude, otherwise.amplitude, by);
  section.unused("sigma", spec.sigma, otherwise.sigma, by);
  section.unused("length_scale", spec.length_scale, otherwise.length_scale, by);
  section.unused("time_scale", spec.time_scale, otherwise.time_scale, by);
}

bool perturbs(const Amplitudes& amplitudes) {
  return std::any_of(amplitudes.begin(), amplitudes.end(), [](const auto& entry) { return entry.second.value > 0.0; });
}

void read_perturbation(SectionReader section, PerturbationSpec& spec, const fs::path& folder) {
  constexpr const char* idle = "every amplitude is 0, so nothing would be perturbed: expected e.g. {z500: 39.27}";
  section.choice("method", spec.method, perturbation_names());
  section.integer("integration_steps", spec.integration_steps, {1, 40});
  const bool amplitudes = section.amplitudes("amplitude", spec.amplitude, spec.amplitude_file);
  if (spec.amplitude_file) spec.amplitude_file->path = anchored(spec.amplitude_file->path, folder);
  SectionReader noise = section.section("noise");
  const bool noise_amplitudes = read_noise(noise, spec.noise, folder);
  const bool own_amplitude = !spec.amplitude.empty() || spec.amplitude_file;
  if (!own_amplitude) spec.amplitude = spec.noise.amplitude, spec.amplitude_file = spec.noise.amplitude_file;
  section.finish();
  const PerturbationSpec otherwise;
  const std::string method = "method " + name_of(spec.method, perturbation_names());
  const bool breeds = spec.method == PerturbationMethod::hemispheric_centred_bred_vector;
  if (!breeds) section.unused("integration_steps", spec.integration_steps, otherwise.integration_steps, method);
  if (spec.method == PerturbationMethod::none) {
    if (own_amplitude) section.unused("amplitude", spec.amplitude, otherwise.noise.amplitude, method);
    unused_noise(noise, spec.noise, method);
    return;
  }
  const bool seeds = breeds || !own_amplitude;  // the noise's amplitude counts
  const auto idles = [](const auto& of) { return !of.amplitude_file && !perturbs(of.amplitude); };
  if (own_amplitude && amplitudes && idles(spec)) section.problem("amplitude", idle);
  if (seeds && noise_amplitudes && idles(spec.noise)) noise.problem("amplitude", idle);
  if (!seeds && spec.noise.amplitude != spec.amplitude) {
    noise.unused("amplitude", spec.noise.amplitude, otherwise.noise.amplitude,
                 method + " beside perturbation.amplitude");
  }
}

void read_ensemble(SectionReader section, EnsembleSpec& spec) {
  section.integer("members", spec.members, {1, 100'000});
  section.integer("seed", spec.seed);
  section.boolean("control", spec.control);
  section.boolean("lagged", spec.lagged);
  section.finish();
}

void read_forecast(SectionReader section, ForecastSpec& spec) {
  section.integers("steps", spec.steps, step_range);
  Duration lead{};
  section.duration("lead_time", lead, model_step, longest_lead);
  if (section.has("steps") && section.has("lead_time")) {
    section.problem("lead_time", "says the same as steps: expected one of the two");
  } else if (lead.count() > 0) {
    spec.steps = {static_cast<int>(lead / model_step)};
  }
  if (!section.has("lead_time")) section.require("steps", "steps: [40] or lead_time: 10d");
  section.choice("engine", spec.engine, engine_names());
  section.choice("precision", spec.precision, precision_names());
  section.choice("sun", spec.sun, sun_names());
  section.finish();
}

bool is_card(const std::string& device) {
  return device.starts_with("cuda:") && device.size() > 5 && device.size() < 9 &&
         device.find_first_not_of("0123456789", 5) == std::string::npos;
}

void read_devices(SectionReader& section, RuntimeSpec& spec) {
  section.text("device", spec.device);
  const std::string& device = spec.device;
  if (device != "auto" && device != "cpu" && device != "cuda" && !is_card(device)) {
    section.problem("device", fmt::format("is '{}', expected auto, cpu, cuda or cuda:K", clipped(device)));
  }
  section.words(
      "devices", spec.devices, "auto, or a list of cpu and cuda:K",
      [](const std::string& word) { return word == "auto" || word == "cpu" || is_card(word); }, "cpu");
  std::vector<std::string>& devices = spec.devices;
  if (devices == std::vector<std::string>{"auto"}) devices.clear();
  for (size_t k = 0; k < devices.size(); ++k) {
    if (devices[k] == "auto") return section.problem("devices", "has auto beside other devices: expected auto alone");
    if ((devices[k] == "cpu") != (devices[0] == "cpu")) {
      return section.problem("devices", "has the CPU and GPUs: bytes are promised within one kind of device");
    }
  }
  const bool chooses_cards = device == "cuda" && !devices.empty() && devices.front() != "cpu";
  if (!devices.empty() && device != "auto" && !chooses_cards) {
    section.problem("devices", fmt::format("and runtime.device ({}) are both given: leave one of them out", device));
  }
}

void read_runtime(SectionReader section, RuntimeSpec& spec) {
  read_devices(section, spec);
  section.integer("threads", spec.threads, {0, 1024});
  section.integer("batch", spec.batch, {0, 1024});
  section.integer("writers", spec.writers, {0, 64});
  section.integer("queue_fields", spec.queue_fields, {1, 100'000});
  section.integer("block", spec.block, {1, 4096});
  section.boolean("full_verify", spec.full_verify);
  section.real("price_per_hour", spec.price_per_hour, {0.0, 10'000.0});
  section.duration("silence_limit", spec.silence_limit, std::chrono::seconds(1), std::chrono::hours(24));
  section.text("results", spec.results);
  if (!spec.results.empty() && !spec.results.starts_with("s3://")) {
    section.problem("results", fmt::format("is '{}', expected s3://bucket/prefix", clipped(spec.results)));
  }
  section.boolean("keep_local", spec.keep_local);
  if (!spec.keep_local && spec.results.empty()) {
    section.problem("keep_local", "is false without runtime.results: nothing would be left");
  }
  section.integer("upload_queue", spec.upload_queue, {1, 10'000});
  section.duration("upload_patience", spec.upload_patience, std::chrono::seconds(1), std::chrono::hours(24));
  section.finish();
}

void read_mirrors(SectionReader section, MirrorsSpec& spec, const fs::path& folder) {
  for (const auto& [key, value] : {std::pair{"s3", &spec.s3}, {"hf", &spec.hf}, {"https", &spec.https}}) {
    section.text(key, *value);
    const bool usable =
        value->starts_with("http://") || value->starts_with("https://") || value->starts_with("file://");
    if (is_url(*value) && !usable) {
      section.problem(key, fmt::format("is '{}', expected http://, https://, file:// or a folder", clipped(*value)));
    }
    if (!value->empty()) *value = anchored(*value, folder);
  }
  section.finish();
}

void read_report(SectionReader section, ReportSpec& spec, Problems& problems) {
  section.boolean("maps", spec.maps);
  section.durations("map_leads", spec.map_leads, model_step);
  read_named_points(section, "places", spec.places, problems);
  section.finish();
}

void read_models(SectionReader& top, std::vector<std::string>& models, const fs::path& folder) {
  top.require("models", "at least one model package: a folder, https://, s3://, hf:// or synth:mini?seed=102");
  std::vector<std::string> patterns;
  top.texts("models", patterns);
  for (const std::string& pattern : patterns) {
    try {
      for (const std::string& model : expand_model_pattern(anchored(pattern, folder))) {
        if (std::ranges::find(models, model) != models.end()) {
          top.problem("models", fmt::format("names '{}' twice", clipped(model)));
        }
        models.push_back(model);
      }
    } catch (const Error& error) {
      top.problem("models", error.what());
    }
  }
}

void check_plan_size(SectionReader& top, const JobSpec& spec) {
  double members = spec.ensemble.members;
  for (const size_t count : {spec.models.size(), spec.initial_conditions.times.size(), spec.forecast.steps.size()}) {
    members *= static_cast<double>(count);
  }
  if (members > static_cast<double>(plan_limit)) {
    top.problem("ensemble", fmt::format("makes {:.0f} members over all models, times and lengths, expected at most {}: "
                                        "split the job",
                                        members, plan_limit));
  }
}

// Of a forgotten section nothing else would tell: the members would be copies of one forecast.
void check_members_differ(SpecReading& reading) {
  const int members = reading.spec.ensemble.members;
  if (reading.spec.ensemble.control && reading.spec.perturbation.method == PerturbationMethod::none) {
    return reading.problem("ensemble.control",
                           "is true, and nothing perturbs the other members: expected a "
                           "perturbation.method, or leave it out");
  }
  if (members == 1 || reading.spec.perturbation.method != PerturbationMethod::none) return;
  const YamlNode* perturbation = reading.root.find("perturbation");
  if (perturbation != nullptr && perturbation->find("method") != nullptr) return;
  reading.problem("ensemble.members",
                  fmt::format("is {}, and nothing perturbs them, so that all would be the same: expected a "
                              "perturbation.method (none where copies are wanted)",
                              members));
}

void check_engine(SpecReading& reading) {
  const JobSpec& spec = reading.spec;
  if (spec.forecast.engine != EngineKind::fast) return;
  const std::vector<std::string>& devices = spec.runtime.devices;
  if (spec.runtime.device == "cpu" || (!devices.empty() && devices.front() == "cpu")) {
    reading.problem("forecast.engine", "is fast, which runs on GPUs, and runtime.device is cpu: leave one of them out");
  }
  if (spec.forecast.precision == Precision::tf32) {
    reading.problem("forecast.precision",
                    "is tf32, and the fast engine computes in fp16 with fp32 sums: leave one of them out");
  }
}

// Initial times as one ensemble: some lead time of the last must be one of the first, so much later.
void check_lagged(SpecReading& reading) {
  const JobSpec& spec = reading.spec;
  if (!spec.ensemble.lagged || spec.initial_conditions.times.empty() || spec.forecast.steps.empty()) return;
  if (spec.statistics.empty() || spec.initial_conditions.times.size() < 2) {
    return reading.problem("ensemble.lagged",
                           "is true, and is of the statistics of several initial times: expected "
                           "statistics and at least two times, or leave it out");
  }
  const auto [first, last] = std::ranges::minmax(spec.initial_conditions.times);
  const int shortest = std::ranges::min(spec.forecast.steps);
  for (size_t k = 0; k < spec.statistics.size(); ++k) {
    const std::vector<Duration> leads = statistics_leads(spec.statistics[k], shortest);
    const bool shared = std::ranges::any_of(leads, [&](Duration lead) {
      return std::ranges::all_of(spec.initial_conditions.times, [&](Time time) {
        return std::ranges::find(leads, lead + (last - time)) != leads.end();
      });
    });
    if (shared || leads.empty()) continue;
    reading.problem(fmt::format("statistics.{}", k),
                    fmt::format("has no lead time of {} that the earlier initial times (from {} on) have, too, as "
                                "ensemble.lagged wants it: expected longer forecasts, or times nearer to one another",
                                iso_time(last), iso_time(first)));
  }
}

void check_regions(SpecReading& reading) {
  const JobSpec& spec = reading.spec;
  std::string known;
  for (const RegionSpec& region : spec.regions) known += (known.empty() ? "" : ", ") + region.name;
  const auto check = [&](const std::string& key, const std::string& name) {
    if (name.empty() || std::ranges::find(spec.regions, name, &RegionSpec::name) != spec.regions.end()) return;
    reading.problem(key, fmt::format("is '{}', expected {}", clipped(name),
                                     known.empty() ? "a region, and the spec has no regions" : "one of " + known));
  };
  for (size_t k = 0; k < spec.output.size(); ++k) {
    const OutputSpec& output = spec.output[k];
    const std::string key = fmt::format("output.{}.region", k);
    check(key, output.region);
    const auto region = std::ranges::find(spec.regions, output.region, &RegionSpec::name);
    if (output.format != StoreFormat::grib2 || region == spec.regions.end() || region->points.empty()) continue;
    reading.problem(key, fmt::format("is '{}', which is points, and GRIB2 has grids alone: expected a box, or format "
                                     "zarr or netcdf",
                                     region->name));
  }
  for (size_t k = 0; k < spec.statistics.size(); ++k) {
    check(fmt::format("statistics.{}.region", k), spec.statistics[k].region);
  }
}

// Relative paths bring the folder's name into run.json, which is UTF-8.
void check_folder_name(SpecReading& reading, const fs::path& folder) {
  if (is_utf8(folder.string())) return;
  const auto check = [&](const std::string& key, const std::vector<std::string>& paths) {
    if (std::all_of(paths.begin(), paths.end(), is_utf8)) return;
    reading.problem(key, fmt::format("is relative to the folder '{}', whose name is not UTF-8, so that run.json could "
                                     "not name what lies there: rename the folder, or give absolute paths",
                                     shown_bytes(folder.string())));
  };
  check("initial_conditions.path", reading.spec.initial_conditions.path);
  check("models", reading.spec.models);
  const MirrorsSpec& mirrors = reading.spec.mirrors;
  check("mirrors", {mirrors.s3, mirrors.hf, mirrors.https});
}

JobSpec read_spec(const YamlNode& root, const fs::path& folder, Problems& problems) {
  JobSpec spec;
  SectionReader top(&root, "", root.place, problems);
  top.require("name", "a name for the job");
  top.name("name", spec.name);
  read_initial_conditions(top.section("initial_conditions"), spec.initial_conditions, folder);
  read_models(top, spec.models, folder);
  read_ensemble(top.section("ensemble"), spec.ensemble);
  read_perturbation(top.section("perturbation"), spec.perturbation, folder);
  read_forecast(top.section("forecast"), spec.forecast);
  read_regions(top, spec.regions, problems);
  const auto shortest = std::min_element(spec.forecast.steps.begin(), spec.forecast.steps.end());
  read_outputs(top, spec.output, shortest == spec.forecast.steps.end() ? 0 : *shortest, problems);
  read_statistics(top, spec.statistics, shortest == spec.forecast.steps.end() ? 0 : *shortest, problems);
  for (StatisticsSpec& entry : spec.statistics) {
    for (ThresholdField& field : entry.threshold_fields) field.file = anchored(field.file, folder);
  }
  read_tracks(top, spec.tracks, problems);
  read_runtime(top.section("runtime"), spec.runtime);
  read_mirrors(top.section("mirrors"), spec.mirrors, folder);
  read_report(top.section("report"), spec.report, problems);
  check_plan_size(top, spec);
  top.finish();
  return spec;
}

// `output` and `tracks` may be one mapping for a list of one, and overrides number it either way.
void make_list(YamlNode& root, const std::string& key) {
  YamlNode* section = root.find(key);
  if (section == nullptr || section->kind != YamlNode::Kind::map) return;
  YamlNode list{.kind = YamlNode::Kind::list, .place = section->place, .key_place = section->key_place};
  list.items.push_back(std::move(*section));
  *section = std::move(list);
}

// steps and lead_time say the same: the one that an override sets takes the other's place.
void drop_other_length(YamlNode& root, const std::string& override) {
  const std::string key = override.substr(0, override.find('='));
  const char* other = key == "forecast.steps" ? "lead_time" : key == "forecast.lead_time" ? "steps" : nullptr;
  if (other == nullptr) return;
  std::erase_if(root.find("forecast")->entries, [&](const auto& entry) { return entry.first == other; });
}

SpecReading read_text(const std::string& text, const std::string& name, const fs::path& folder,
                      const std::vector<std::string>& overrides) {
  SpecReading reading;
  YamlNode& root = reading.root = parse_yaml(text, name, reading.problems);
  if (root.kind == YamlNode::Kind::map) {
    for (const std::string& override : overrides) {
      for (const char* key : {"output", "tracks"}) {
        if (override.starts_with(fmt::format("{}.0", key))) make_list(root, key);
      }
      if (apply_override(root, override, reading.problems)) drop_other_length(root, override);
    }
    reading.spec = read_spec(root, folder, reading.problems);
    check_members_differ(reading);
    check_engine(reading);
    check_regions(reading);
    check_lagged(reading);
    check_folder_name(reading, folder);
  } else if (reading.problems.empty()) {
    reading.problems.add(root.place.line == 0 ? Place{name} : root.place, "",
                         fmt::format("is {}, expected a mapping: name, initial_conditions, models, ...", shown(root)));
  }
  return reading;
}

}  // namespace

double rounding_error(int bits) { return bits == mantissa_bits ? 0.0 : std::ldexp(1.0, -bits - 1); }

int OutputSpec::bits_of(const std::string& variable) const {
  for (const std::string& key : {variable, std::string("all")}) {
    if (const auto found = keep_bits.find(key); found != keep_bits.end()) return found->second;
  }
  return mantissa_bits;
}

void SpecReading::problem(const std::string& path, const std::string& what, const std::string& item) {
  const YamlNode* node = &root;
  Place place = root.place;
  std::string key;
  std::istringstream words(path);
  for (std::string word; std::getline(words, word, '.');) {
    if (node != nullptr && node->kind == YamlNode::Kind::list) {
      node = &node->items.at(std::stoul(word));
    } else if (word == "0") {
      continue;  // one mapping for a list of one
    } else if (node != nullptr) {
      node = node->find(word);
    }
    if (node != nullptr) place = node->place;
    key += (key.empty() ? "" : ".") + word;
  }
  if (node != nullptr) place = node->place_of(item);
  if (node != nullptr && node->find(item) != nullptr) key += "." + item;
  problems.add(place, key, what);
}

SpecReading read_job_spec(const fs::path& file, const std::vector<std::string>& overrides) {
  const fs::path folder = fs::absolute(file).parent_path();
  return read_text(read_file(file, uint64_t{16} << 20), file.string(), folder, overrides);
}

JobSpec accepted(SpecReading reading) {
  const Problems& problems = reading.problems;
  if (!problems.empty()) {
    fail(ExitCode::bad_spec, "the job spec has {} problem{}:\n{}", problems.count(), problems.count() == 1 ? "" : "s",
         problems.text());
  }
  return std::move(reading.spec);
}

JobSpec load_job_spec(const fs::path& file, const std::vector<std::string>& overrides) {
  return accepted(read_job_spec(file, overrides));
}

JobSpec parse_job_spec(const std::string& text, const std::string& name, const fs::path& folder,
                       const std::vector<std::string>& overrides) {
  return accepted(read_text(text, name, folder, overrides));
}

}  // namespace hens
