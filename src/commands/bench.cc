// hens bench: speed of the engines beside their accuracy.
#include "bench/bench.h"

#include <charconv>
#include <iostream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "forecast/stage.h"

namespace hens {
namespace {

int whole_number(const CommandLine& line, const std::string& option, int otherwise) {
  if (!line.has(option)) return otherwise;
  const std::string text = line.text(option);
  int value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && rest == text.data() + text.size() && value > 0) return value;
  fail(ExitCode::usage, "--{} {}: expected a whole number from 1", option, text);
}

}  // namespace

int bench_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  CommandLine line("hens bench [PACKAGE] [options]",
                   "Times steps of a package in each mode of the engine, and compares one step with strict fp32's.\n"
                   "PACKAGE as in a spec's models; default synth:mini?seed=102.",
                   "hens bench synth:mini?seed=102 --device cpu --steps 20");
  line.options().add_options()("steps", po::value<std::string>()->value_name("N"), "timed steps, default 10")(
      "batch", po::value<std::string>()->value_name("B"), "members at a time, default 1")(
      "device", po::value<std::string>()->value_name("NAME"), "cpu, cuda, cuda:K or auto")(
      "kernels", po::value<std::string>()->value_name("WHICH"),
      "of the fast engine: best (for the card), ampere (as an L40S runs), all")(
      "gates", po::value<std::string>()->value_name("N"),
      "long roll-outs too, N steps (400 shows drift): difference from strict fp32 on the way, drift of\n"
      "global means, greatest value; and the fast engine's operators beside double")(
      "python", po::value<std::string>()->value_name("SCRIPT"),
      "time the Python network in the same run: `python3 SCRIPT PACKAGE --bench`")("json", "as JSON");
  line.add_cache_options();
  line.add_log_option();
  if (!line.parse(arguments, 0, 1)) return 0;
  Log log(line.log_format());
  Downloader downloader(line.download_options(), log);
  const std::string uri = line.positional().empty() ? "synth:mini?seed=102" : line.positional().front();
  const ModelPackage package = open_package(stage_package(uri, downloader, log));
  BenchOptions options{line.text("device", "auto"), whole_number(line, "steps", 10), whole_number(line, "batch", 1),
                       line.text("kernels", "best")};
  if (line.has("gates")) options.gate_steps = whole_number(line, "gates", 400);
  if (line.has("python")) options.python_reference = line.text("python");
  if (options.kernels != "best" && options.kernels != "ampere" && options.kernels != "all") {
    fail(ExitCode::usage, "--kernels {}: expected best, ampere or all", options.kernels);
  }
  options.weight_folder = weight_folder(downloader.options().cache);
  options.package_digest = staged_package_digest(uri, package.folder, downloader);
  const nlohmann::ordered_json bench = run_bench(package, options);
  std::cout << (line.has("json") ? bench.dump(1) + "\n" : bench_text(bench));
  const bool failed = bench.contains("python") && bench["python"].contains("failed");
  return static_cast<int>(failed ? ExitCode::unavailable : ExitCode::ok);
}

}  // namespace hens
