// hens: the subcommand table.
#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "base/decoder.h"
#include "base/error.h"
#include "base/locks.h"
#include "base/nearest.h"
#include "base/stop.h"
#include "base/tool.h"
#include "base/version.h"
#include "commands/commands.h"

namespace {

// Without a summary: not for people, and not in the list.
struct Subcommand {
  const char* name;
  const char* summary;
  int (*run)(const hens::Arguments&);
};

constexpr std::array subcommands{
    Subcommand{"run", "run a job, or finish it", hens::run_command},
    Subcommand{"validate", "check a job spec and show what it costs", hens::validate_command},
    Subcommand{"describe", "what a model package holds", hens::describe_command},
    Subcommand{"fetch", "stage model packages and initial conditions", hens::fetch_command},
    Subcommand{"synth", "write a synthetic model package", hens::synth_command},
    Subcommand{"status", "what is done in a run's folder", hens::status_command},
    Subcommand{"verify", "recompute every checksum of a run", hens::verify_command},
    Subcommand{"report", "reports and maps again", hens::report_command},
    Subcommand{"merge", "statistics of shards to final stores", hens::merge_command},
    Subcommand{"score", "forecasts against what came", hens::score_command},
    Subcommand{"compare", "compare platforms by their benchmark results", hens::compare_command},
    Subcommand{"bench", "speed of the engines beside their accuracy", hens::bench_command},
    Subcommand{"worker", nullptr, hens::worker_command},
};

void print_help() {
  fmt::print("hens {}: huge ensembles of a global machine-learning weather model\n\nUsage: hens COMMAND ...\n\n",
             hens::version);
  for (const Subcommand& command : subcommands) {
    if (command.summary != nullptr) fmt::print("  {:10} {}\n", command.name, command.summary);
  }
  fmt::print("\n`hens COMMAND --help` tells more.\nExample: hens run jobs/demo.yaml\n");
}

int dispatch(const hens::Arguments& arguments) {
  if (arguments.size() > 1 && arguments[0] == "help") return dispatch({arguments[1], "--help"});
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    print_help();
    return arguments.empty() ? static_cast<int>(hens::ExitCode::usage) : 0;
  }
  if (arguments[0] == "--version") {
    fmt::print("hens {}\n", hens::version);
    return 0;
  }
  std::vector<std::string> names;
  for (const Subcommand& command : subcommands) {
    if (arguments[0] == command.name) return command.run({arguments.begin() + 1, arguments.end()});
    if (command.summary != nullptr) names.emplace_back(command.name);
  }
  hens::fail(hens::ExitCode::usage, "unknown command '{}'{}: `hens --help` lists them", arguments[0],
             hens::did_you_mean(arguments[0], names));
}

}  // namespace

// Before the libraries' constructors, too: LibTorch's take 0.3 s, in which a signal would be lost on process 1.
[[gnu::section(".preinit_array"), gnu::used]] void (*before_libraries)() = hens::end_on_stop_signals;

int main(int argc, char** argv) {
  hens::switch_hdf5_locks_off();
  return hens::run_tool("hens", argc, argv, [](const std::vector<std::string>& arguments) {
    hens::start_decoders();
    return dispatch(arguments);
  });
}
