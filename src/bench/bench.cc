#include "bench/bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/version.h>

#include "base/child_process.h"
#include "base/error.h"
#include "base/json.h"
#include "base/version.h"
#include "engine/device/phase_clock.h"
#include "engine/sfno/fast_engine.h"
#include "engine/sfno/operator_errors.h"
#include "forecast/hardware.h"
#include "job/member_key.h"
#include "model/device.h"
#include "model/threads.h"
#include "sfno/reference_engine.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A package's statistics, ready to meet states: [1, channel, 1, 1].
at::Tensor column(const std::vector<float>& values) { return at::tensor(values).view({1, -1, 1, 1}); }

// Standard normals about the package's climate: [batch, channel, lat, lon], physical units.
at::Tensor random_state(const ModelPackage& package, int batch) {
  const int64_t channels = static_cast<int64_t>(package.config.channels.size());
  at::Tensor state = at::empty({batch, channels, package.config.nlat, package.config.nlon});
  fill_normals({.seed = 0}, 0, {state.mutable_data_ptr<float>(), static_cast<size_t>(state.numel())});
  return state * column(package.std) + column(package.mean);
}

Time bench_time() { return Time{std::chrono::hours(24 * 365 * 54)}; }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

// Milliseconds a member-step: median, least and most.
Json step_times(Engine& engine, const BenchOptions& options) {
  std::vector<double> ms;
  for (int step = 0; step < options.steps + 1; ++step) {
    const auto start = std::chrono::steady_clock::now();
    engine.step();
    synchronize(engine.device());
    ms.push_back(seconds_since(start) * 1e3 / options.batch);
  }
  ms.erase(ms.begin());
  return {{"median", median(ms)}, {"min", *std::ranges::min_element(ms)}, {"max", *std::ranges::max_element(ms)}};
}

// Relative L2 error by channel, the worst and its name.
Json worst_channel(const Engine& engine, const at::Tensor& difference, const at::Tensor& truth) {
  const auto norms = [](const at::Tensor& t) { return t.square().sum(std::vector<int64_t>{0, 2, 3}).sqrt(); };
  const at::Tensor error = norms(difference) / norms(truth);
  const auto worst = error.argmax().item<int64_t>();
  return {{"channel", engine.channel_names()[worst]}, {"relative_l2", error[worst].item<double>()}};
}

// ---- long roll-outs: the gates growth, drift and bounds of docs/numerics.md ----

constexpr int compared_steps[] = {1, 4, 10, 20, 40};

// Area-weighted means of all channels, in standard deviations: [channel].
at::Tensor global_means(const Engine& engine, const ModelPackage& package) {
  const at::Tensor state = engine.state().select(0, 0);
  const int64_t nlat = state.size(1);
  const at::Tensor weight = at::linspace(0, 3.14159265358979, nlat, at::kDouble).sin().to(state.device());
  const at::Tensor rows = state.mean(2, false, at::kDouble);  // [channel, lat]
  const at::Tensor means = ((rows * weight).sum(1) / weight.sum()).cpu();
  return (means - at::tensor(package.mean, at::kDouble)) / at::tensor(package.std, at::kDouble);
}

struct Trajectory {
  std::vector<at::Tensor> states;  // normalised, on the CPU, at compared_steps
  at::Tensor drift;                // of the global means over all steps
  double greatest = 0;             // absolute normalised value on the way; not finite where any was not
  int steps = 0;
};

Trajectory roll_out(Engine& engine, const ModelPackage& package, int steps) {
  Trajectory trajectory;
  trajectory.steps = steps;
  engine.start(random_state(package, 1), bench_time());
  const at::Tensor before = global_means(engine, package);
  for (int step = 1; step <= steps; ++step) {
    engine.step();
    const bool compared =
        std::find(std::begin(compared_steps), std::end(compared_steps), step) != std::end(compared_steps);
    if (!compared && step % 40 != 0 && step != steps) continue;
    const at::Tensor state = (engine.state().cpu() - column(package.mean)) / column(package.std);
    const double greatest = state.abs().max().item<double>();  // NaN where any value is
    if (std::isnan(greatest) || greatest > trajectory.greatest) trajectory.greatest = greatest;  // once NaN, NaN
    if (compared) trajectory.states.push_back(state);
  }
  trajectory.drift = global_means(engine, package) - before;
  return trajectory;
}

struct Trajectories {
  std::optional<Trajectory> truth, drift;
};

Json gates(const Trajectory& own, const Trajectory& truth, const Trajectory& drift_truth) {
  Json json{{"steps", own.steps},
            {"greatest_value_std", own.greatest},
            {"finite", std::isfinite(own.greatest)},
            {"greatest_drift_std", own.drift.abs().max().item<double>()},
            {"rms_difference_std", Json::object()}};
  if (own.steps == drift_truth.steps) {
    json["greatest_difference_of_drift_std"] = (own.drift - drift_truth.drift).abs().max().item<double>();
  }
  for (size_t i = 0; i < std::min(own.states.size(), truth.states.size()); ++i) {
    json["rms_difference_std"][std::to_string(compared_steps[i])] =
        (own.states[i] - truth.states[i]).square().mean().sqrt().item<double>();
  }
  return json;
}

// ---- ceilings ----

// Median seconds of `repeats` calls after two.
template <typename Work>
double median_seconds(at::Device device, int repeats, const Work& work) {
  std::vector<double> seconds;
  for (int i = 0; i < repeats + 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    synchronize(device);
    seconds.push_back(seconds_since(start));
  }
  seconds.erase(seconds.begin(), seconds.begin() + 2);
  return median(seconds);
}

// What the card does with the libraries: a matrix product of the MLP's shape in 16 bits, and a copy of 1 GiB.
Json ceilings(at::Device device) {
  const at::NoGradGuard no_gradients;
  const auto options = at::device(device).dtype(at::kHalf);
  constexpr int64_t m = 131072, k = 640, n = 1280, elements = int64_t{1} << 29;
  const at::Tensor a = at::randn({m, k}, options), b = at::randn({k, n}, options);
  at::Tensor c = at::empty({m, n}, options);
  const double product = median_seconds(device, 20, [&] { at::mm_out(c, a, b); });
  const at::Tensor from = at::zeros({elements}, options);
  at::Tensor to = at::empty({elements}, options);
  const double copy = median_seconds(device, 20, [&] { to.copy_(from); });
  return {{"tflops_16_bit", 2e-12 * m * n * k / product}, {"tb_per_second", 4e-12 * elements / copy}};
}

Json python_bench(const fs::path& script, const fs::path& package, const at::Device& device) {
  const ChildResult result =
      run_captured({{"python3", script.string(), package.string(), "--bench", "--modes", "fp32,default,tf32,amp-bf16",
                     "--iters", "7", "--device", device.is_cuda() ? "cuda" : "cpu"},
                    {{"LD_LIBRARY_PATH", ""}}});  // its own torch, not ours
  const Json json = try_parse_json<Json>(result.out).value_or(nullptr);
  if (result.exit_code == 0 && json.is_object()) return json;
  return {{"failed", fmt::format("{}: exit code {}: {}", script.string(), result.exit_code,
                                 result.err.substr(result.err.size() > 400 ? result.err.size() - 400 : 0))}};
}

// One engine's figures; `truth` is strict fp32's normalised state after one step, set by the first.
template <typename MakeEngine>
Json bench_engine(const ModelPackage& package, const BenchOptions& options, at::Tensor& truth,
                  Trajectories& trajectories, const MakeEngine& make) {
  auto start = std::chrono::steady_clock::now();
  const auto engine = make();
  synchronize(engine->device());
  Json row{{"engine", engine->name()}, {"load_seconds", seconds_since(start)}};

  engine->start(random_state(package, options.batch), bench_time());
  engine->step();
  const at::Tensor one_step = (engine->state().cpu() - column(package.mean)) / column(package.std);
  row["ms_per_member_step"] = step_times(*engine, options);
  if (!truth.defined()) truth = one_step;
  const at::Tensor difference = one_step - truth;
  row["relative_l2"] = (difference.norm() / truth.norm()).item<double>();
  row["max_difference_in_std"] = difference.abs().max().item<double>();
  row["worst_channel"] = worst_channel(*engine, difference, truth);
  row["peak_host_bytes"] = peak_host_bytes();
  if constexpr (requires { engine->backend(); }) {
    row["gpu_bytes"] = engine->device_bytes();
    row["weights"] = engine->weight_source() == engine::WeightSource::file ? "weight file" : "package";
    engine::PhaseClock clock(engine->backend());
    constexpr int repeats = 3;
    for (int i = 0; i < repeats; ++i) {
      engine->step_observed([&](const char* phase) { clock.begin(phase); });
      clock.end();
    }
    const auto work = engine->work();
    for (const auto& [phase, ms] : clock.milliseconds()) {
      Json& entry = row["phases"][phase] = {{"ms", ms / repeats}};
      const auto found = work.find(phase);
      if (found == work.end()) continue;
      entry["tflops"] = found->second.flop * repeats / ms * 1e-9;
      entry["tb_per_second"] = found->second.bytes * repeats / ms * 1e-9;
    }
  } else {
    row["gpu_bytes"] = peak_gpu_bytes(engine->device());
  }
  if (options.gate_steps > 0) {
    // Strict fp32 is the truth for 40 steps, and the first; the second, if there is one, is what drifts compare with.
    const bool is_truth = !trajectories.truth;
    const int steps = is_truth && engine->device().is_cuda() ? std::min(options.gate_steps, 40) : options.gate_steps;
    Trajectory own = roll_out(*engine, package, steps);
    if (is_truth) trajectories.truth = own;
    if (!trajectories.drift || trajectories.drift->steps < steps) trajectories.drift = own;
    row["gates"] = gates(own, *trajectories.truth, *trajectories.drift);
    if constexpr (requires { engine->backend(); }) {
      const engine::OperatorErrors errors =
          engine::operator_errors(engine->backend(), engine::sizes_of(package.config));
      row["gates"]["operators"] = {{"sht", errors.analysis},
                                   {"inverse sht", errors.synthesis},
                                   {"convolution", errors.convolution},
                                   {"mlp", errors.mlp}};
    }
  }
  return row;
}

}  // namespace

Json run_bench(const ModelPackage& package, const BenchOptions& options) {
  if (options.steps < 1 || options.batch < 1) fail(ExitCode::usage, "--steps and --batch: expected at least 1");
  const PatientThreads patience;
  const at::Device device = open_device(options.device);
  if (!device.is_cuda() && options.kernels != "best") {
    fail(ExitCode::usage, "--kernels {}: of the fast engine, which needs a GPU; the device is {}", options.kernels,
         device.str());
  }
  if (!options.python_reference.empty() && !fs::exists(options.python_reference)) {
    fail(ExitCode::missing_input, "--python {}: is not there", options.python_reference.string());
  }
  const Hardware hardware = find_hardware(device);
  Json bench{{"package", package.folder.filename().string()},
             {"grid", {package.config.nlat, package.config.nlon}},
             {"embed_dim", package.config.embed_dim},
             {"parameters", package.parameters()},
             {"device", hardware.device},
             {"gpu", hardware.gpu},
             {"driver", hardware.driver},
             {"host_cpu", hardware.host_cpu},
             {"cores", hardware.cores},
             {"hens", version},
             {"libtorch", TORCH_VERSION},
             {"steps", options.steps},
             {"batch", options.batch},
             {"modes", Json::array()}};
  if (device.is_cuda()) bench["ceilings"] = ceilings(device);
  if (!options.python_reference.empty()) {
    release_cached_memory(device);
    bench["python"] = python_bench(options.python_reference, package.folder, device);
  }
  at::Tensor truth;
  Trajectories trajectories;
  const auto reference = [&](Precision precision) {
    bench["modes"].push_back(bench_engine(package, options, truth, trajectories, [&] {
      return make_reference_engine(package, device, {.precision = precision});
    }));
    release_cached_memory(device);
  };
  const auto fast = [&](engine::Kernels kernels) {
    FastOptions fast_options;
    fast_options.kernels = kernels;
    fast_options.weight_folder = options.weight_folder;
    fast_options.package_digest = options.package_digest;
    bench["modes"].push_back(bench_engine(package, options, truth, trajectories,
                                          [&] { return make_fast_engine(package, device, fast_options); }));
  };
  reference(Precision::fp32);
  if (!device.is_cuda()) return bench;
  reference(Precision::tf32);
  const engine::Kernels best = engine::best_kernels(device.index());
  if (options.kernels != "ampere" || best == engine::Kernels::ampere) fast(best);
  if (options.kernels != "best" && best != engine::Kernels::ampere) fast(engine::Kernels::ampere);
  return bench;
}

std::string bench_text(const Json& bench) {
  std::string text = fmt::format("{} on {} {}\n{:24} {:>10} {:>10} {:>10} {:>8} {:>10} {:>12} {:>10}\n",
                                 bench["package"].get<std::string>(), bench["device"].get<std::string>(),
                                 bench[bench["gpu"] == "" ? "host_cpu" : "gpu"].get<std::string>(), "engine",
                                 "ms median", "ms least", "ms most", "load s", "rel. L2", "max (std)", "peak GiB");
  for (const Json& row : bench["modes"]) {
    const Json& ms = row["ms_per_member_step"];
    const bool on_gpu = row["gpu_bytes"] > 0;
    const double peak = row[on_gpu ? "gpu_bytes" : "peak_host_bytes"].get<double>() / (1 << 30);
    text += fmt::format("{:24} {:10.3f} {:10.3f} {:10.3f} {:8.2f} {:10.2e} {:12.2e} {:10.2f}\n",
                        row["engine"].get<std::string>(), ms["median"].get<double>(), ms["min"].get<double>(),
                        ms["max"].get<double>(), row["load_seconds"].get<double>(), row["relative_l2"].get<double>(),
                        row["max_difference_in_std"].get<double>(), peak);
  }
  if (bench.contains("python")) {
    const Json& python = bench["python"];
    if (python.contains("failed")) text += "\nPython's network failed: " + python["failed"].get<std::string>() + "\n";
    const Json modes = python.value("modes", Json::object());
    for (const auto& [mode, entry] : modes.items()) {
      const Json& ms = entry["network_ms_per_member_step"];
      text += fmt::format("{:24} {:10.3f} {:10.3f} {:10.3f} {:>8} {:10.2e} {:12.2e} {:10.2f}\n",
                          "python network, " + mode, ms["median"].get<double>(), ms["min"].get<double>(),
                          ms["max"].get<double>(), "", entry.value("rel_l2_vs_fp32", 0.0),
                          entry.value("max_abs_vs_fp32_in_std", 0.0), entry.value("peak_GiB", 0.0));
    }
  }
  for (const Json& row : bench["modes"]) {
    text += fmt::format("\n{}: worst channel of one step {}, relative L2 {:.2e}\n", row["engine"].get<std::string>(),
                        row["worst_channel"]["channel"].get<std::string>(),
                        row["worst_channel"]["relative_l2"].get<double>());
    if (row.contains("gates")) {
      const Json& gate = row["gates"];
      text += "  rms difference from strict fp32, in standard deviations, after steps";
      for (const auto& [step, value] : gate["rms_difference_std"].items()) {
        text += fmt::format("  {}: {:.2e}", step, value.get<double>());
      }
      text += fmt::format("\n  {} steps: greatest value {:.2f}, greatest drift of a global mean {:.3e}",
                          gate["steps"].get<int>(), gate["greatest_value_std"].get<double>(),
                          gate["greatest_drift_std"].get<double>());
      if (gate.contains("greatest_difference_of_drift_std")) {
        text += fmt::format(", {:.2e} from the reference's", gate["greatest_difference_of_drift_std"].get<double>());
      }
      text += "\n";
      if (gate.contains("operators")) {
        text += "  operators alone, relative L2 beside double:";
        for (const auto& [name, error] : gate["operators"].items())
          text += fmt::format("  {} {:.2e}", name, error.get<double>());
        text += "\n";
      }
    }
    if (!row.contains("phases")) continue;
    double sum = 0;
    for (const auto& [phase, entry] : row["phases"].items()) sum += entry["ms"].get<double>();
    text += fmt::format("  by phase of one step, launched one by one ({:.2f} ms in all){:>12} {:>10}\n", sum, "TFLOP/s",
                        "TB/s");
    for (const auto& [phase, entry] : row["phases"].items()) {
      text += fmt::format("    {:22} {:8.3f} ms {:5.1f} %", phase, entry["ms"].get<double>(),
                          100 * entry["ms"].get<double>() / sum);
      if (entry.contains("tflops")) {
        const double rate = entry["tflops"].get<double>(), bandwidth = entry["tb_per_second"].get<double>();
        text += fmt::format(" {:>24.0f} {:>10.2f}", rate, bandwidth);
        if (bench.contains("ceilings")) {
          text += fmt::format("   {:3.0f} % and {:3.0f} % of what the libraries reach",
                              100 * rate / bench["ceilings"]["tflops_16_bit"].get<double>(),
                              100 * bandwidth / bench["ceilings"]["tb_per_second"].get<double>());
        }
      }
      text += "\n";
    }
  }
  if (bench.contains("ceilings")) {
    text += fmt::format(
        "\nceilings, measured: {:.0f} TFLOP/s (16-bit matrix product of the MLP's shape), {:.2f} TB/s (copy)\n",
        bench["ceilings"]["tflops_16_bit"].get<double>(), bench["ceilings"]["tb_per_second"].get<double>());
  }
  return text;
}

}  // namespace hens
