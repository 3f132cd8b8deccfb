// Speed beside accuracy: the same steps of one package in each mode of an engine, timed and compared in one run.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "package/package.h"

namespace hens {

struct BenchOptions {
  std::string device = "auto";
  int steps = 10;  // timed steps, after two that are not
  int batch = 1;   // members at a time
  std::string kernels = "best";  // of the fast engine: best | ampere | all
  fs::path weight_folder;        // where the fast engine's weight files are kept; empty: none
  std::string package_digest;    // needed with weight_folder
};

// One row an engine and mode: load seconds, milliseconds a member-step (median, least, most), relative L2, greatest
// difference (in standard deviations) and worst channel of one step's normalised state beside strict fp32's, memory, and
// for the fast engine the time of each phase; and the hardware. The state
// is random about the package's climate.
nlohmann::ordered_json run_bench(const ModelPackage& package, const BenchOptions& options);

// The same as a table for people.
std::string bench_text(const nlohmann::ordered_json& bench);

}  // namespace hens
