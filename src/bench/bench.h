// Speed beside accuracy: the same steps of one package in each mode of an engine, timed and compared in one run.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "package/package.h"

namespace hens {

struct BenchOptions {
  std::string device = "auto";
  int steps = 10;                // timed steps, after two that are not
  int batch = 1;                 // members at a time
  std::string kernels = "best";  // of the fast engine: best | ampere | all
  fs::path weight_folder;        // where the fast engine's weight files are kept; empty: none
  std::string package_digest;    // needed with weight_folder
  int gate_steps = 0;            // long roll-outs for the error gates, 0: none
  fs::path python_reference;     // a script that times the Python network, see below; empty: none
};

// One row an engine and mode: load seconds, milliseconds a member-step (median, least, most), relative L2, greatest
// difference (in standard deviations) and worst channel of one step's normalised state beside strict fp32's (the gate
// "one step" of docs/numerics.md, as those below), memory, and for the fast engine the time, TFLOP/s and TB/s of each
// phase; the hardware and its measured ceilings. The state is random about the package's climate.
//
// With gate_steps every mode also rolls out that far: root mean square difference from strict fp32 on the way to step
// 40 (gate "growth"), how far global means go ("drift"), and whether all stays finite, and how large ("bounds"). Strict
// fp32 itself stops at 40 on a GPU, where it is slow; drifts compare with the mode that the others stand beside, TF32.
// The fast engine's operators are held to the same in double ("operators", engine/sfno/operator_errors.h).
//
// `python_reference PACKAGE --bench --modes default,tf32,amp-bf16,fp32` is run by python3 and prints JSON with
// modes.NAME.network_ms_per_member_step.median; it becomes "python", or {"failed": why}. Throws Error{usage} where
// kernels are chosen for a device that has none, {missing_input} where the script is not there.
nlohmann::ordered_json run_bench(const ModelPackage& package, const BenchOptions& options);

// The same as a table for people.
std::string bench_text(const nlohmann::ordered_json& bench);

}  // namespace hens
