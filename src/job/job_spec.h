// The job spec: everything that a YAML file can say about a job, as plain structs with defaults.
//
// Each part of the program gets its own section, never the whole. Sections above the line *affect the forecast*: they
// enter forecast_hash(), and a run that resumes must agree on them. Sections below affect only speed and cost, and no
// byte of a forecast.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/time.h"
#include "job/region_spec.h"
#include "job/statistics_spec.h"
#include "job/tracks_spec.h"
#include "job/yaml_tree.h"

namespace hens {

// An amplitude of a perturbation: absolute in the channel's units, or a multiple of the package's standard deviation
// of the channel. YAML: 39.27, or "0.35 std".
struct Amplitude {
  double value = 0.0;
  bool times_std = false;
  bool operator==(const Amplitude&) const = default;
};

// Amplitude by channel; the key `all` stands for every channel not named. Channels not covered are not perturbed.
using Amplitudes = std::map<std::string, Amplitude>;

// Amplitudes that a netCDF file gives (source/amplitude_file.h). A checked spec has read it: it then holds the numbers,
// which enter its hash, and no file.
struct AmplitudeFile {
  std::string path;
  Duration lead_time = std::chrono::hours(48);  // of the errors in it
  double factor = 1.0;
  std::vector<std::string> channels;  // empty: all that the file and the model have
};

enum class SourceKind { gfs, grib, netcdf, makani, zarr, analytic };
enum class StateCheck { strict, finite };  // strict: what the atmosphere knows; finite: numbers
enum class PerturbationMethod { none, correlated_spherical_gaussian, hemispheric_centred_bred_vector };
enum class StoreFormat { zarr, netcdf, grib2 };
// How stores name and order things. hens: (ensemble, time, lead_time, lat, lon), an array a channel; weatherbench: as
// WeatherBench has forecasts, levels in one array; cf: valid time first, a file a member, as classic tools want it.
enum class OutputLayout { hens, weatherbench, cf };
enum class Compression { none, lz4, zstd };
enum class EngineKind { automatic, reference, fast };  // automatic: fast on GPUs that it suits
enum class Precision { fp32, tf32 };                   // of the reference engine on CUDA; on the CPU it is always fp32
enum class SunKind { float32, float64 };  // float32: the roundings that the networks were trained with; float64: exact

struct InitialConditionsSpec {
  SourceKind source = SourceKind::gfs;
  std::vector<Time> times;  // initial times, UTC, whole minutes; at least one, no duplicates
  // grib, netcdf, makani, zarr: files, or stores, that hold the analyses. Each may carry strftime fields (%Y%m%d%H)
  // that are filled with the valid time wanted. Relative paths are relative to the spec's folder; after loading they
  // are absolute. URLs (https, s3, file) are fetched.
  std::vector<std::string> path;
  // grib, netcdf, zarr: of a forecast of several members, and of several leads that are valid at one time, the ones to
  // start from; none: the only one, and the shortest.
  std::optional<int> member;
  std::optional<Duration> lead_time;
  std::string product = "0p25";           // gfs: 0p25 (the bucket's files) | 2p50 (a mirror's)
  double gravity = 9.80665;               // m s-2, gpm -> m2 s-2; 9.81 reproduces Earth2Studio
  StateCheck check = StateCheck::strict;  // refuses, and changes no byte: it does not enter the hash
};

struct NoiseSpec {
  PerturbationMethod method = PerturbationMethod::correlated_spherical_gaussian;  // only this one can seed
  Amplitudes amplitude{{"z500", {39.27, false}}};
  std::optional<AmplitudeFile> amplitude_file = {};  // until the spec is checked
  double sigma = 1.0;                                // standard deviation of the unit noise
  double length_scale = 5.0e5;                       // m
  Duration time_scale = std::chrono::hours(48);
};

struct PerturbationSpec {
  PerturbationMethod method = PerturbationMethod::none;
  int integration_steps = 3;                         // breeding cycles, 1..40
  Amplitudes amplitude;                              // of the bred vector; empty: the noise's
  std::optional<AmplitudeFile> amplitude_file = {};  // until the spec is checked
  NoiseSpec noise;                                   // the seed of the bred vector, or the perturbation itself
};

struct EnsembleSpec {
  int members = 1;  // per model and initial time
  uint64_t seed = 0;
  bool lagged = false;   // statistics of all initial times together, too: they are one ensemble for the last of them
  bool control = false;  // member 0 starts from the analysis; member k is perturbed as member k - 1 is without it
};

struct ForecastSpec {
  std::vector<int> steps;  // roll-out lengths in 6-hour steps, each run by itself; lead_time: 10d is [40]
  EngineKind engine = EngineKind::automatic;
  Precision precision = Precision::fp32;
  SunKind sun = SunKind::float32;
};

enum class GribFiles { member, lead };  // a file holds all lead times of a member, or one

// Of outputs in GRIB2. Who made a forecast is said in WMO's numbers (common code table C-11).
struct GribSpec {
  int centre = 255;  // 255: none
  int sub_centre = 0;
  int process = 255;  // the centre's number for the model; 255: none
  bool operator==(const GribSpec&) const = default;
};

struct OutputSpec {
  std::string name = "hens";  // stores are <name>_<model index>.zarr; of a region, its name where none is given
  std::vector<std::string> variables{"u10m", "v10m"};
  StoreFormat format = StoreFormat::zarr;
  Duration every = std::chrono::hours(6);  // a multiple of 6 h
  bool initial_state = true;               // lead time 0, the perturbed initial state
  Compression compression = Compression::none;
  std::string region = {};  // one of the spec's regions; empty: all of the globe
  OutputLayout layout = OutputLayout::hens;
  bool shard = true;  // Zarr: one file a member and variable; false: one a field, for readers that know no shards
  // Bits of the mantissa that are kept, 1..23, by variable; the key `all` stands for every variable not named. Those
  // not covered keep all.
  std::map<std::string, int> keep_bits = {};

  int bits_of(const std::string& variable) const;
  // grib2 alone
  GribFiles files = GribFiles::member;
  int bits = 0;  // of a packed value; 0: as many as its kind's precision needs (grid/grib_codes.h)
  GribSpec grib = {};
};

inline constexpr int mantissa_bits = 23;  // of float32, without the leading one

// Relative error at most of numbers rounded to so many bits: 2^-(bits + 1); 0 where all are kept.
double rounding_error(int bits);

// ---- below: speed, cost and looks only ----

struct RuntimeSpec {
  std::string device = "auto";  // cpu | cuda:K: that one alone; cuda: all GPUs, or none and an error; auto: or the CPU
  // cpu or cuda:K each, one process a device; empty: what `device` says.
  std::vector<std::string> devices = {};
  int threads = 0;                                      // CPU threads, 0: all cores
  int batch = 0;                                        // members at a time, 0: one
  int writers = 0;                                      // threads that encode and write; 0: as many as cores are idle
  int queue_fields = 64;                                // fields in flight between the step and the writers
  bool full_verify = true;                              // on resume: recompute checksums (true) or look at sizes only
  double price_per_hour = 0.0;                          // USD, for the cost in the reports; 0: unknown
  Duration silence_limit = std::chrono::minutes(10);    // a device's process that says nothing so long is started again
  int block = 256;                                      // members after which statistics are made durable
  std::string results = {};                             // s3://bucket/prefix: where results go, too; empty: nowhere
  bool keep_local = true;                               // members' fields stay in the run's folder when they are there
  int upload_queue = 16;                                // members that may wait for their upload
  Duration upload_patience = std::chrono::minutes(10);  // an upload that fails so long ends the run
};

struct MirrorsSpec {  // base URL that stands for a scheme's hosts: <mirror>/<bucket or host>/<path>
  std::string s3, hf, https;
};

struct ReportSpec {
  std::vector<Duration> map_leads{std::chrono::hours(24)};  // lead times of the maps, or the last if shorter
  bool maps = true;
  std::vector<NamedPoint> places = {};  // of plumes, by the nearest grid point
};

struct JobSpec {
  std::string name;  // [a-z0-9_-]+
  InitialConditionsSpec initial_conditions;
  std::vector<std::string> models;  // packages: path, file://, https://, s3://, hf://, synth:mini?seed=102
  EnsembleSpec ensemble;
  PerturbationSpec perturbation;
  ForecastSpec forecast;
  std::vector<RegionSpec> regions;
  std::vector<OutputSpec> output{OutputSpec{}};  // may be empty where there are statistics or tracks
  std::vector<StatisticsSpec> statistics;
  std::vector<TracksSpec> tracks;
  RuntimeSpec runtime;
  MirrorsSpec mirrors;
  ReportSpec report;
};

inline constexpr int64_t plan_limit = 10'000'000;  // members in all: a plan of 160 MB

// A spec as far as it could be read, and *every* problem found: who knows more about its words (which channels a model
// has, say) adds to them, and then accepts it.
struct SpecReading {
  JobSpec spec;
  YamlNode root;  // the text with its overrides
  Problems problems;

  // Adds a problem at the key `path` ("output.0.variables", even where output is one mapping), at the entry or item
  // `item` of its value where it has that; where the key is absent, at what would hold it.
  void problem(const std::string& path, const std::string& what, const std::string& item = "");
};

// Reads a spec, applies `overrides` ("forecast.steps=[4]": dotted key, YAML value; later ones win) and checks it.
// Throws Error{missing_input} where the file is not there.
SpecReading read_job_spec(const fs::path& file, const std::vector<std::string>& overrides = {});

// Throws Error{bad_spec} with the problems, a line each as `file:line:column: key: what, expected what`.
JobSpec accepted(SpecReading reading);

// Both at once.
JobSpec load_job_spec(const fs::path& file, const std::vector<std::string>& overrides = {});

// The same from text; `name` stands for the file in messages, `folder` anchors relative paths.
JobSpec parse_job_spec(const std::string& text, const std::string& name, const fs::path& folder,
                       const std::vector<std::string>& overrides = {});

// The resolved spec, every default spelled out, keys in the structs' order.
nlohmann::ordered_json to_json(const JobSpec& spec);
JobSpec job_spec_from_json(const nlohmann::ordered_json& json);

// The part of to_json that affects the forecast, and the SHA-256 of its canonical text.
nlohmann::ordered_json forecast_part(const JobSpec& spec);
std::string forecast_hash(const JobSpec& spec);

}  // namespace hens
