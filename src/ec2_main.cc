// hens-ec2: the subcommand table, and the one place where an exception becomes an exit code.
#include <array>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "base/error.h"
#include "base/nearest.h"
#include "base/stop.h"
#include "base/tool.h"
#include "base/version.h"
#include "ec2/commands.h"

namespace {

using hens::ec2::Arguments;

struct Subcommand {
  const char* name;
  const char* summary;
  int (*run)(const Arguments&);
};

constexpr std::array subcommands{
    Subcommand{"create", "launch a machine to log in to", hens::ec2::create_command},
    Subcommand{"run", "run a job on it, bring the results", hens::ec2::run_command},
    Subcommand{"extend", "set its shutdown timer anew, or cancel it", hens::ec2::extend_command},
    Subcommand{"teardown", "terminate it", hens::ec2::teardown_command},
    Subcommand{"submit", "one job and off: launch, run, upload, terminate", hens::ec2::submit_command},
    Subcommand{"fetch", "bring a submitted job's results", hens::ec2::fetch_command},
    Subcommand{"list", "what runs, until when, what it has cost", hens::ec2::list_command},
    Subcommand{"reap", "delete what has expired", hens::ec2::reap_command},
};

void print_help() {
  fmt::print("hens-ec2 {}: jobs of hens on Amazon EC2\n\nUsage: hens-ec2 COMMAND ...\n\n", hens::version);
  for (const Subcommand& command : subcommands) fmt::print("  {:10} {}\n", command.name, command.summary);
  fmt::print("\n`hens-ec2 COMMAND --help` tells more.\nExample: hens-ec2 create --dry-run\n");
}

int dispatch(const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "help") {
    print_help();
    return arguments.empty() ? static_cast<int>(hens::ExitCode::usage) : 0;
  }
  if (arguments[0] == "--version") {
    fmt::print("hens-ec2 {}\n", hens::version);
    return 0;
  }
  std::vector<std::string> names;
  for (const Subcommand& command : subcommands) {
    if (arguments[0] == command.name) return command.run({arguments.begin() + 1, arguments.end()});
    names.emplace_back(command.name);
  }
  hens::fail(hens::ExitCode::usage, "unknown command '{}'{}: `hens-ec2 --help` lists them", arguments[0],
             hens::did_you_mean(arguments[0], names));
}

}  // namespace

int main(int argc, char** argv) {
  hens::install_stop_signals();
  return hens::run_tool("hens-ec2", argc, argv, dispatch);
}
