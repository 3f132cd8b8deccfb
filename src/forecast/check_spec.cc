#include "forecast/check_spec.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "forecast/stage.h"
#include "grid/channels.h"
#include "grid/derived_variables.h"
#include "grid/grib_codes.h"
#include "grid/region.h"
#include "job/path_pattern.h"
#include "net/url.h"
#include "package/package.h"
#include "perturbation/perturber.h"
#include "source/amplitude_file.h"
#include "source/gfs_source.h"
#include "source/threshold_fields.h"
#include "statistics/statistics_plan.h"

namespace hens {
namespace {

constexpr size_t enough = 100;  // problems: no more are shown

struct KnownModel {
  std::string uri;
  int nlat = 0, nlon = 0;
  std::vector<std::string> channels;
  bool surface_geopotential = true;
};

class ModelCheck {
 public:
  explicit ModelCheck(SpecReading& reading) : reading_(reading), spec_(reading.spec) {}

  void run() {
    for (const std::string& uri : spec_.models) check_model(uri);
    for (const std::string& path : spec_.initial_conditions.path) {
      check_address(filled_path(path, Time{}), "initial_conditions.path", path);
    }
    for (size_t k = 0; k < spec_.output.size(); ++k) {
      const std::string key = fmt::format("output.{}.variables", k);
      for (const std::string& variable : spec_.output[k].variables) check_variable(variable, key);
      check_grib(spec_.output[k], key);
    }
    check_regions();
    check_statistics();
    if (reading_.problems.empty()) check_threshold_fields();
    read_amplitude_files();
    check_tracks();
    check_amplitudes();
    check_gfs_dates();
    if (reading_.problems.empty() && unusable_) throw *unusable_;
  }

 private:
  void check_model(const std::string& uri) {
    try {
      if (const auto size = synthetic_size(uri)) {
        add_model({uri, size->nlat, size->nlon, hens_channels()});
      } else if (const auto folder = local_folder(uri)) {
        add_package(uri, *folder);
      } else {
        check_address(package_file_uri(uri, "config.json"), "models", uri);
        unknown_ = true;
      }
    } catch (const Error& error) {
      reading_.problem("models", error.what(), uri);
    }
  }

  void add_package(const std::string& uri, const fs::path& folder) {
    try {
      const ModelPackage package = open_package(folder);
      add_model({uri, package.config.nlat, package.config.nlon, package.config.channels, package.config.add_orography});
    } catch (const Error& error) {
      if (!unusable_) unusable_ = error;
    }
  }

  void add_model(const KnownModel& model) {
    known_.push_back(model);
    const KnownModel& first = known_.front();
    if (model.nlat == first.nlat && model.nlon == first.nlon) return;
    reading_.problem("models",
                     fmt::format("'{}' has a grid of {}x{}, '{}' one of {}x{}: models of one job share one grid",
                                 model.uri, model.nlat, model.nlon, first.uri, first.nlat, first.nlon),
                     model.uri);
  }

  void check_address(const std::string& url, const std::string& key, const std::string& item) {
    try {
      resolve_url(url, {spec_.mirrors.s3, spec_.mirrors.hf, spec_.mirrors.https}, default_s3_region());
    } catch (const Error& error) {
      reading_.problem(key, error.what(), item);
    }
  }

  // Against every model that is known, else against what any model may have: a channel, or what is derived from them.
  void check_variable(const std::string& variable, const std::string& key) {
    checked(
        variable, key, [&](const std::string& name) { variable_info(name); },
        [&](const std::string& name, const KnownModel& model) {
          hens::check_variable(name, model.channels, model.surface_geopotential);
        });
  }
  void check_grib(const OutputSpec& output, const std::string& key) {
    if (output.format != StoreFormat::grib2 || !reading_.problems.empty()) return;
    for (size_t k = 0; k < output.variables.size() && reading_.problems.count() < enough; ++k) {
      const std::string what = grib_problem(output.variables, k);
      if (!what.empty()) reading_.problem(key, what + "; give it an output of its own", output.variables[k]);
    }
  }
  // A channel alone: what is derived is no part of a state.
  void check_channel(const std::string& channel, const std::string& key) {
    checked(
        channel, key, [&](const std::string& name) { channel_info(name); },
        [&](const std::string& name, const KnownModel& model) { channel_positions({name}, model.channels); });
  }

  template <typename Any, typename Of>
  void checked(const std::string& name, const std::string& key, const Any& any_model, const Of& of_model) {
    if (reading_.problems.count() >= enough) return;
    try {
      if (unknown_ || known_.empty()) any_model(name);
      for (const KnownModel& model : known_) of_model(name, model);
    } catch (const Error& error) {
      reading_.problem(key, error.what(), name);
    }
  }

  void check_regions() {
    if (known_.empty() || reading_.problems.count() >= enough) return;
    const LatLonGrid grid = equiangular_grid(known_.front().nlat, known_.front().nlon);
    for (const RegionSpec& region : spec_.regions) {
      try {
        cut_region(region, grid);
      } catch (const Error& error) {
        reading_.problem("regions." + region.name, error.what());
      }
    }
  }

  void check_statistics() {
    for (size_t k = 0; k < spec_.statistics.size(); ++k) {
      const std::string entry = fmt::format("statistics.{}", k);
      for (const std::string& variable : spec_.statistics[k].variables) {
        const size_t before = reading_.problems.count();
        check_variable(variable, entry + ".variables");
        if (reading_.problems.count() > before || before >= enough) continue;
        const StatisticsProblem problem = statistics_problem(spec_.statistics[k], variable);
        if (!problem.what.empty()) reading_.problem(entry + "." + problem.key, problem.what, variable);
      }
    }
  }

  // A tracker's channels are its own but for the ones of the warm core, which the spec names.
  void check_tracks() {
    for (size_t k = 0; k < spec_.tracks.size(); ++k) {
      const TracksSpec& tracks = spec_.tracks[k];
      const std::string entry = fmt::format("tracks.{}", k);
      const bool ours = tracks.tracker == TrackerKind::hens;
      for (const std::string& variable : track_variables(tracks)) {
        const bool named = ours && std::ranges::find(tracks.warm_core, variable) != tracks.warm_core.end();
        check_channel(variable, entry + (named ? ".warm_core" : ".tracker"));
      }
      for (const KnownModel& model : known_) {
        if (tracks.tracker != TrackerKind::wuduan || (model.nlat == 721 && model.nlon == 1440)) continue;
        reading_.problem(
            entry + ".tracker",
            fmt::format("wuduan knows the grid of 721x1440 alone, and '{}' has one of {}x{}: expected hens", model.uri,
                        model.nlat, model.nlon));
        break;
      }
    }
  }

  // What the public bucket cannot have; mirrors may have more.
  void check_gfs_dates() {
    const InitialConditionsSpec& spec = spec_.initial_conditions;
    if (spec.source != SourceKind::gfs || !spec_.mirrors.s3.empty()) return;
    const auto late = [](Time time) { return time > std::chrono::system_clock::now(); };
    for (const Time time : spec.times) {
      const Time first = analysis_times(spec_.perturbation, time).front();
      if (first >= gfs_bucket_begin && !late(time)) continue;
      if (reading_.problems.count() >= enough) return;
      const std::string what =
          late(time) ? iso_time(time) + " is in the future: GFS has no analysis of it yet"
                     : fmt::format(
                           "{} needs the analysis of {}: the public bucket of GFS begins on {}; older ones need a "
                           "mirror (mirrors.s3) or source: grib",
                           iso_time(time), iso_time(first), iso_time(gfs_bucket_begin).substr(0, 10));
      reading_.problem("initial_conditions.times", what, iso_time(time));
    }
  }

  // A spec that is accepted holds the numbers of its files.
  void read_amplitude_files() {
    PerturbationSpec& spec = reading_.spec.perturbation;
    const auto read = [&](Amplitudes& amplitudes, std::optional<AmplitudeFile>& file, const char* key) {
      if (!file) return;
      try {
        amplitudes = read_amplitudes(*file, known_.empty() ? hens_channels() : known_.front().channels);
        const auto moves = [](const auto& entry) { return entry.second.value > 0.0; };
        if (std::ranges::none_of(amplitudes, moves)) reading_.problem(key, "has no amplitude above 0 in its file");
      } catch (const Error& error) {
        reading_.problem(key, error.what(), "file");
      }
      file.reset();
    };
    read(spec.noise.amplitude, spec.noise.amplitude_file, "perturbation.noise.amplitude");
    read(spec.amplitude, spec.amplitude_file, "perturbation.amplitude");
  }

  // A spec that is accepted knows what their values are.
  void check_threshold_fields() {
    const LatLonGrid grid =
        known_.empty() ? equiangular_grid(721, 1440) : equiangular_grid(known_.front().nlat, known_.front().nlon);
    for (size_t k = 0; k < reading_.spec.statistics.size(); ++k) {
      StatisticsSpec& entry = reading_.spec.statistics[k];
      for (ThresholdField& field : entry.threshold_fields) {
        const std::string key = fmt::format("statistics.{}.thresholds", k);
        try {
          const std::string digest = threshold_digest(field, entry.variables, grid);
          if (!field.sha256.empty() && field.sha256 != digest) {
            reading_.problem(
                key, fmt::format("{}: its values have the SHA-256 {}, expected {}", field.file, digest, field.sha256));
          }
          field.sha256 = digest;
        } catch (const Error& error) {
          reading_.problem(key, error.what());
        }
      }
    }
  }

  void check_amplitudes() {
    const PerturbationSpec& spec = spec_.perturbation;
    if (spec.method == PerturbationMethod::none) return;
    const bool breeds = spec.method == PerturbationMethod::hemispheric_centred_bred_vector;
    const bool own_amplitude = spec.amplitude != spec.noise.amplitude;
    if (own_amplitude) check_channels(spec.amplitude, "perturbation.amplitude");
    if (breeds || !own_amplitude) check_channels(spec.noise.amplitude, "perturbation.noise.amplitude");
  }

  void check_channels(const Amplitudes& amplitudes, const std::string& key) {
    for (const auto& [channel, amplitude] : amplitudes) {
      if (channel != "all") check_channel(channel, key);
    }
  }

  SpecReading& reading_;
  const JobSpec& spec_;
  std::vector<KnownModel> known_;
  bool unknown_ = false;  // some model lies elsewhere
  std::optional<Error> unusable_;
};

}  // namespace

void check_models(SpecReading& reading) {
  if (reading.root.kind == YamlNode::Kind::map) ModelCheck(reading).run();
}

JobSpec load_checked_spec(const fs::path& file, const std::vector<std::string>& overrides) {
  SpecReading reading = read_job_spec(file, overrides);
  check_models(reading);
  return accepted(std::move(reading));
}

}  // namespace hens
