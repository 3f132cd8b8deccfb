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
};

// One row a mode: load seconds, milliseconds a member-step (median, least, most), relative L2 and greatest difference
// (in standard deviations) of one step's normalised state from strict fp32's, peak memory; and the hardware. The state
// is random about the package's climate.
nlohmann::ordered_json run_bench(const ModelPackage& package, const BenchOptions& options);

// The same as a table for people.
std::string bench_text(const nlohmann::ordered_json& bench);

}  // namespace hens
