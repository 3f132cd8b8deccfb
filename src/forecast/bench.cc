#include "forecast/bench.h"

#include <algorithm>
#include <chrono>

#include <ATen/ATen.h>
#include <torch/version.h>

#include "base/error.h"
#include "base/version.h"
#include "engine/fast_engine.h"
#include "forecast/hardware.h"
#include "job/member_key.h"
#include "sfno/device.h"
#include "sfno/reference_engine.h"
#include "sfno/threads.h"

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
  std::sort(ms.begin(), ms.end());
  return {{"median", ms[ms.size() / 2]}, {"min", ms.front()}, {"max", ms.back()}};
}

// Relative L2 error by channel, the worst and its name.
Json worst_channel(const Engine& engine, const at::Tensor& difference, const at::Tensor& truth) {
  const auto norms = [](const at::Tensor& t) { return t.square().sum(std::vector<int64_t>{0, 2, 3}).sqrt(); };
  const at::Tensor error = norms(difference) / norms(truth);
  const auto worst = error.argmax().item<int64_t>();
  return {{"channel", engine.channel_names()[worst]}, {"relative_l2", error[worst].item<double>()}};
}

// One engine's figures; `truth` is strict fp32's normalised state after one step, set by the first.
template <typename MakeEngine>
Json bench_engine(const ModelPackage& package, const BenchOptions& options, at::Tensor& truth, const MakeEngine& make) {
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
    row["gpu_bytes"] = engine->gpu_bytes();
    row["weights"] = engine->weight_source() == engine::WeightSource::file ? "weight file" : "package";
    engine::PhaseClock clock(engine->backend());
    constexpr int repeats = 3;
    for (int i = 0; i < repeats; ++i) {
      engine->step_observed([&](const char* phase) { clock.begin(phase); });
      clock.end();
    }
    for (const auto& [phase, ms] : clock.milliseconds()) row["phases_ms"][phase] = ms / repeats;
  } else {
    row["gpu_bytes"] = peak_gpu_bytes(engine->device());
  }
  return row;
}

}  // namespace

Json run_bench(const ModelPackage& package, const BenchOptions& options) {
  if (options.steps < 1 || options.batch < 1) fail(ExitCode::usage, "--steps and --batch: expected at least 1");
  const PatientThreads patience;
  const at::Device device = open_device(options.device);
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
  at::Tensor truth;
  const auto reference = [&](Precision precision) {
    bench["modes"].push_back(bench_engine(package, options, truth, [&] {
      return make_reference_engine(package, device, {.precision = precision});
    }));
    release_cached_memory(device);
  };
  const auto fast = [&](engine::Kernels kernels) {
    FastOptions fast_options;
    fast_options.kernels = kernels;
    fast_options.weight_folder = options.weight_folder;
    fast_options.package_digest = options.package_digest;
    bench["modes"].push_back(
        bench_engine(package, options, truth, [&] { return make_fast_engine(package, device, fast_options); }));
  };
  reference(Precision::fp32);
  if (!device.is_cuda()) return bench;
  reference(Precision::tf32);
  const engine::Kernels best = engine::best_kernels(device.index());
  if (options.kernels != "ampere") fast(best);
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
  for (const Json& row : bench["modes"]) {
    if (!row.contains("phases_ms")) continue;
    double sum = 0;
    for (const auto& [phase, ms] : row["phases_ms"].items()) sum += ms.get<double>();
    text += fmt::format("\n{}, ms by phase of one step ({:.2f} in all, launched one by one)\n",
                        row["engine"].get<std::string>(), sum);
    for (const auto& [phase, ms] : row["phases_ms"].items()) {
      text += fmt::format("  {:22} {:8.3f} {:5.1f} %\n", phase, ms.get<double>(), 100 * ms.get<double>() / sum);
    }
  }
  return text;
}

}  // namespace hens
