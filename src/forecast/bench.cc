#include "forecast/bench.h"

#include <algorithm>
#include <chrono>

#include <ATen/ATen.h>
#include <torch/version.h>

#include "base/error.h"
#include "base/version.h"
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

// One mode's figures; `truth` is strict fp32's normalised state after one step, set by the first mode.
Json bench_mode(const ModelPackage& package, at::Device device, const BenchOptions& options, Precision precision,
                at::Tensor& truth) {
  auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<Engine> engine = make_reference_engine(package, device, {.precision = precision});
  synchronize(device);
  Json row{{"engine", engine->name()}, {"load_seconds", seconds_since(start)}};

  engine->start(random_state(package, options.batch), Time{std::chrono::hours(24 * 365 * 54)});
  engine->step();
  const at::Tensor one_step = (engine->state().cpu() - column(package.mean)) / column(package.std);
  engine->step();
  synchronize(device);
  std::vector<double> ms;
  for (int step = 0; step < options.steps; ++step) {
    start = std::chrono::steady_clock::now();
    engine->step();
    synchronize(device);
    ms.push_back(seconds_since(start) * 1e3 / options.batch);
  }
  std::sort(ms.begin(), ms.end());
  row["ms_per_member_step"] = {{"median", ms[ms.size() / 2]}, {"min", ms.front()}, {"max", ms.back()}};
  if (!truth.defined()) truth = one_step;
  const at::Tensor difference = one_step - truth;
  row["relative_l2"] = (difference.norm() / truth.norm()).item<double>();
  row["max_difference_in_std"] = difference.abs().max().item<double>();
  row["peak_host_bytes"] = peak_host_bytes();
  row["peak_gpu_bytes"] = peak_gpu_bytes(device);
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
  bench["modes"].push_back(bench_mode(package, device, options, Precision::fp32, truth));
  if (device.is_cuda()) bench["modes"].push_back(bench_mode(package, device, options, Precision::tf32, truth));
  return bench;
}

std::string bench_text(const Json& bench) {
  std::string text = fmt::format("{} on {} {}\n{:24} {:>10} {:>10} {:>10} {:>8} {:>10} {:>12} {:>10}\n",
                                 bench["package"].get<std::string>(), bench["device"].get<std::string>(),
                                 bench[bench["gpu"] == "" ? "host_cpu" : "gpu"].get<std::string>(), "engine",
                                 "ms median", "ms least", "ms most", "load s", "rel. L2", "max (std)", "peak GiB");
  for (const Json& row : bench["modes"]) {
    const Json& ms = row["ms_per_member_step"];
    const bool on_gpu = row["peak_gpu_bytes"] > 0;
    const double peak = row[on_gpu ? "peak_gpu_bytes" : "peak_host_bytes"].get<double>() / (1 << 30);
    text += fmt::format("{:24} {:10.3f} {:10.3f} {:10.3f} {:8.2f} {:10.2e} {:12.2e} {:10.2f}\n",
                        row["engine"].get<std::string>(), ms["median"].get<double>(), ms["min"].get<double>(),
                        ms["max"].get<double>(), row["load_seconds"].get<double>(), row["relative_l2"].get<double>(),
                        row["max_difference_in_std"].get<double>(), peak);
  }
  return text;
}

}  // namespace hens
