// benchmark_results.json: a run's times in the form of the original benchmark, for comparing platforms.
//
// The original's fields keep their names and meaning: platform, runtime, instance_type, run_date, nensemble,
// start_date, benchmarks[{nsteps, forecast_hours, inference_times[], time_per_step[]}], total_time. inference_times has
// one number a model, the seconds of all its members; time_per_step is that / nsteps. Ours stand beside them, never in
// their place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "run/manifest.h"

namespace hens {

// The document. `benchmarks` has the lengths of which every member is complete, so that its times can be compared; the
// others are listed under `incomplete`. Seconds are rounded to 0.1 ms. The machine is that of the last attempt.
nlohmann::ordered_json benchmark_results(const Manifest& manifest);

// What a comparison needs of such a document, ours or the original benchmark's.
struct BenchmarkLength {
  int nsteps = 0;
  double forecast_hours = 0.0;
  std::vector<double> inference_times;  // [model] seconds, > 0
  std::vector<double> time_per_step;    // [model] seconds, > 0
};

struct BenchmarkFile {
  fs::path file;
  std::string platform, runtime, instance_type, run_date, start_date;  // runtime: empty where absent
  int nensemble = 0;
  std::vector<BenchmarkLength> lengths;  // ascending nsteps
  double total_time = 0.0;               // seconds
  double machine_time = 0.0;             // seconds, to be paid; total_time where absent
  std::optional<double> price_per_hour;  // USD
  std::string card;                      // "NVIDIA H200"; empty on the CPU, and in files that do not say
  int cards = 0;                         // that shared the work

  std::string cards_text() const;  // "2 x NVIDIA H200", "NVIDIA H200"; empty without a card
};

// Reads and checks a document. Throws Error{missing_input}, and Error{bad_input} naming the file and the key that is
// missing, of a wrong type, out of range, or at odds with another (time_per_step with inference_times / nsteps).
BenchmarkFile read_benchmark_file(const fs::path& file);
BenchmarkFile parse_benchmark_file(const fs::path& file, const std::string& text);  // `file` names it in messages

}  // namespace hens
