// hens synth: a synthetic model package, for machines without the real weights.
#include "synth/synth.h"

#include <charconv>
#include <iostream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "commands/command_line.h"
#include "commands/commands.h"

namespace hens {
namespace {

uint64_t parse_seed(const std::string& text) {
  uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seed);
  if (error != std::errc() || rest != end) fail(ExitCode::usage, "--seed {}: expected a whole number from 0", text);
  return seed;
}

}  // namespace

int synth_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  CommandLine line(
      "hens synth DIR [--size mini|hens] [--seed N]",
      "Writes a model package of the true layout with random weights on a made-up planet. Its forecasts stay\n"
      "bounded and mean nothing: it is for demos, tests and benchmarks. hens: 721x1440, 8.9 GB.",
      "hens synth /tmp/package --size mini --seed 102");
  line.options().add_options()("size", po::value<std::string>()->value_name("SIZE"), "mini (default) or hens")(
      "seed", po::value<std::string>()->value_name("N"), "of the weights, default 102");
  if (!line.parse(arguments, 1, 1)) return 0;
  const fs::path folder = line.positional().front();
  std::error_code none;
  if (fs::exists(folder / "config.json", none)) {
    fail(ExitCode::cannot_create, "{}: holds a model package already: give another folder, or remove it first",
         folder.string());
  }
  write_synthetic_package(folder, synth_size(line.text("size", "mini")), parse_seed(line.text("seed", "102")));
  std::cout << folder.string() << "\n";
  return 0;
}

}  // namespace hens
