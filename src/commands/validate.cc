// hens validate: every problem of a job spec at once; what the job costs.
#include "job/validate.h"

#include <iostream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/overrides.h"
#include "grid/channels.h"
#include "package/package.h"

namespace hens {
namespace {

// Sizes of the first model that lies here already; those of HENS where none does. Synthetic ones are known by name.
PlanSizes known_sizes(const JobSpec& spec) {
  PlanSizes sizes;
  const std::string& model = spec.models.front();
  std::error_code none;
  if (model.starts_with("synth:mini")) return {73, 144, 74, 330'000, 32};
  if (!fs::exists(fs::path(model) / "config.json", none)) return sizes;
  const ModelPackage package = open_package(model);
  sizes.nlat = package.config.nlat;
  sizes.nlon = package.config.nlon;
  sizes.channels = static_cast<int>(package.config.channels.size());
  sizes.parameters = package.parameters();
  sizes.embed_dim = package.config.embed_dim;
  return sizes;
}

// The vocabulary of channels stands above the job spec, so words that only it knows are checked here.
void check_variables(const JobSpec& spec) {
  for (const OutputSpec& output : spec.output) {
    for (const std::string& variable : output.variables) {
      try {
        channel_info(variable);
      } catch (const Error& error) {
        fail(ExitCode::bad_spec, "output.variables: {}", error.what());
      }
    }
  }
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
  check_variables(spec);
  std::optional<double> ms;
  if (line.has("ms-per-member-step")) ms = milliseconds(line.text("ms-per-member-step"));
  const PlanSizes sizes = known_sizes(spec);
  std::cout << (line.has("json") ? validation_json(spec, sizes, ms).dump(1) + "\n"
                                 : validation_report(spec, sizes, ms));
  return 0;
}

}  // namespace hens
