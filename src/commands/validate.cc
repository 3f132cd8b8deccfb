// hens validate: every problem of a job spec at once; what the job costs.
#include "job/validate.h"

#include <iostream>
#include <optional>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/overrides.h"
#include "grid/channels.h"
#include "package/package.h"

namespace hens {
namespace {

// The first model's package, where it lies here already.
std::optional<ModelPackage> first_package(const JobSpec& spec) {
  std::error_code none;
  if (!fs::exists(fs::path(spec.models.front()) / "config.json", none)) return std::nullopt;
  return open_package(spec.models.front());
}

// Sizes of the first model; those of HENS where it is not here. Synthetic ones are known by name.
PlanSizes known_sizes(const JobSpec& spec, const std::optional<ModelPackage>& package) {
  PlanSizes sizes;
  if (spec.models.front().starts_with("synth:mini")) return {73, 144, 74, 330'000, 32};
  if (!package) return sizes;
  sizes.nlat = package->config.nlat;
  sizes.nlon = package->config.nlon;
  sizes.channels = static_cast<int>(package->config.channels.size());
  sizes.parameters = package->parameters();
  sizes.embed_dim = package->config.embed_dim;
  return sizes;
}

// The vocabulary of channels stands above the job spec, so words that only it knows are checked here: against the
// model's channels where they are known, else against what any model may have.
void check_variables(const JobSpec& spec, const std::optional<ModelPackage>& package) {
  std::string problems;
  for (const OutputSpec& output : spec.output) {
    for (const std::string& variable : output.variables) {
      try {
        if (package) {
          channel_positions({variable}, package->config.channels);
        } else if (spec.models.front().starts_with("synth:")) {
          channel_positions({variable}, hens_channels());
        } else {
          channel_info(variable);
        }
      } catch (const Error& error) {
        problems += fmt::format("{}output.variables: {}", problems.empty() ? "" : "\n", error.what());
      }
    }
  }
  if (!problems.empty()) fail(ExitCode::bad_spec, "{}", problems);
}

double milliseconds(const std::string& text) {
  try {
    const double value = std::stod(text);
    if (value > 0) return value;
  } catch (const std::exception&) {
  }
  fail(ExitCode::usage, "--ms-per-member-step {}: expected milliseconds", text);
}

}  // namespace

int validate_command(const Arguments& arguments) {
  CommandLine line(
      "hens validate JOB.yaml [a.b=c]... [--json]",
      "Names every problem of a spec at once, with file, line and column; then prints the resolved spec and\n"
      "members x steps, files, bytes, GPU memory and hours.",
      "hens validate jobs/benchmark.yaml --ms-per-member-step 40");
  line.options().add_options()("json", "as JSON")("ms-per-member-step",
                                                  boost::program_options::value<std::string>()->value_name("MS"),
                                                  "speed to reckon hours with, as hens bench measures it");
  add_set_option(line);
  if (!line.parse(arguments, 1, 1000)) return 0;
  const JobSpec spec = load_job_spec(line.positional().front(), spec_overrides(line));
  const std::optional<ModelPackage> package = first_package(spec);
  check_variables(spec, package);
  std::optional<double> ms;
  if (line.has("ms-per-member-step")) ms = milliseconds(line.text("ms-per-member-step"));
  const PlanSizes sizes = known_sizes(spec, package);
  std::cout << (line.has("json") ? validation_json(spec, sizes, ms).dump(1) + "\n"
                                 : validation_report(spec, sizes, ms));
  return 0;
}

}  // namespace hens
