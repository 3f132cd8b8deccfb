// What a job costs before it runs: its work, files, bytes, memory and hours. Pure functions of the spec.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "job/job_spec.h"

namespace hens {

// The sizes of a model that its costs depend on. Defaults: the HENS checkpoints.
struct PlanSizes {
  int nlat = 721, nlon = 1440;
  int channels = 74;
  int64_t parameters = 1'123'000'000;                     // complex numbers counted once
  int embed_dim = 620;                                    // channels inside the network
  std::map<std::string, int64_t> points_of_regions = {};  // by name, of the spec's regions on that grid

  // Of a region; of all of the globe where it is empty.
  int64_t points(const std::string& region) const {
    return region.empty() ? int64_t{nlat} * nlon : points_of_regions.at(region);
  }
};

// GPU memory of one model [bytes]: an estimate by formula, good to a few percent at full size.
struct MemoryEstimate {
  EngineKind engine = EngineKind::fast;  // not automatic
  int64_t weights = 0;
  int64_t activations = 0;  // at the peak, of one member
  int64_t states = 0;       // whole states in fp32 that perturbing keeps on the device
  int64_t total() const { return weights + activations + states; }
};
// Of the engine that the spec means on a GPU that suits it; nearly all parameters are complex.
//   reference: weights of 8 bytes; the peak is the multilayer perceptron of the last block, on the outer grid: hidden
//   layer before and after its activation (2 x 2 embed_dim), its input, its output and the residual (3 x embed_dim),
//   all fp32. fast: weights of 4 bytes; three fields of embed_dim in 16 bits (engine/README.md: X, U, G) and half as
//   much again for everything else.
// States: the analysis and the members' own; breeding keeps the analyses and control forecasts of its cycles, the
// perturbation, the seed and the state that it steps from.
MemoryEstimate estimate_memory(const JobSpec& spec, const PlanSizes& sizes);

// Bytes of one member's data file of fields of `points` values at `leads` lead times and, in netCDF, `variables`
// variables, uncompressed. Zarr: exact (chunks with their checksums, index with its own). netCDF: the fields; headers
// and coordinates add some kilobytes. GRIB2: at most, with 24 bits a value.
int64_t member_file_bytes(int64_t points, StoreFormat format, size_t leads, size_t variables);

// Engine steps that breeding takes for the members of one model, initial time and length: the control's, shared by all,
// and each pair's. 0 for methods that do not breed.
int64_t breeding_steps(const PerturbationSpec& spec, const EnsembleSpec& ensemble);

// What is known of the machine that a job will run on.
struct MachineRate {
  double ms_per_member_step = 0.0;
  std::optional<double> joules_per_member_step = {};  // of the card
  std::string source = {};                            // a sentence's end: "given", "NVIDIA H200, measured here on ..."
  int devices = 1;                                    // that share the work
};

// Keys: spec, forecast_hash, model_size {nlat, nlon, channels, parameters}, lengths [{steps, lead_hours, members,
// member_steps, breeding_steps}], members, member_steps, breeding_steps, stores [{path, format, files, bytes, keep_bits
// {variable: {bits, relative_error}} where some are rounded}],
// track_files, files, bytes, gpu_memory {estimate, engine, weights_bytes, activations_bytes, states_bytes,
// total_bytes}, ms_per_member_step, rate_source, hours, devices, wall_hours, kwh, cost. Totals are over models, initial
// times and lengths; bytes are uncompressed. Of the last, those are null whose rate or price [USD/h] is not known:
// hours are of one device, wall_hours of all; they count steps and breeding, not loading or output; kwh are the cards'
// alone.
nlohmann::ordered_json validation_json(const JobSpec& spec, const PlanSizes& sizes = {},
                                       const std::optional<MachineRate>& rate = std::nullopt);

// What is wrong with a spec, as {"problems": [{file, line, column, key, message}]}: of an override, `file` is
// "<override a.b=c>", and line and column are null.
nlohmann::ordered_json problems_json(const Problems& problems);

// The same as validation_json for people: the resolved spec as YAML (a valid spec itself), then the tables as comments,
// so that the whole text is a spec.
std::string validation_report(const JobSpec& spec, const PlanSizes& sizes = {},
                              const std::optional<MachineRate>& rate = std::nullopt);

}  // namespace hens
