// hens validate: every problem of a job spec at once; what the job costs.
#include "job/validate.h"

#include <iostream>
#include <optional>
#include <sstream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "base/secrets.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/overrides.h"
#include "forecast/check_spec.h"
#include "forecast/stage.h"
#include "grid/region.h"
#include "model/device.h"
#include "package/package.h"
#include "run/hardware.h"
#include "run/step_rates.h"
#include "statistics/statistics_cost.h"

namespace hens {
namespace {

// Sizes of the first model; those of HENS where it is not here. Synthetic ones are known by name.
PlanSizes known_sizes(const JobSpec& spec) {
  if (spec.models.front().starts_with("synth:mini")) return {73, 144, 74, 330'000, 32};
  const auto folder = local_folder(spec.models.front());
  if (!folder) return {};
  const ModelPackage package = open_package(*folder);
  return {package.config.nlat, package.config.nlon, static_cast<int>(package.config.channels.size()),
          package.parameters(), package.config.embed_dim};
}

// As the tables of the report are: the whole text stays a spec.
std::string commented(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += "# " + line + "\n";
  return out;
}

double milliseconds(const std::string& text) {
  try {
    const double value = std::stod(text);
    if (value > 0) return value;
  } catch (const std::exception&) {
  }
  fail(ExitCode::usage, "--ms-per-member-step {}: expected milliseconds", text);
}

std::string rate_text(const StepRate& rate) {
  return rate.here ? fmt::format("{}, measured here on {}", rate.card, rate.measured)
                   : fmt::format("{}, of {}, from the table in docs/performance.md: a run here will say its own",
                                 rate.card, rate.measured);
}

// Of what would run the job: the GPUs that are here, or the CPU.
std::optional<MachineRate> known_rate(const JobSpec& spec, const PlanSizes& sizes, const fs::path& cache) {
  const RuntimeSpec& runtime = spec.runtime;
  const bool cpu = runtime.device == "cpu" || (!runtime.devices.empty() && runtime.devices.front() == "cpu");
  const std::vector<std::string> gpus = cpu ? std::vector<std::string>{} : visible_gpu_names();
  const std::string card = gpus.empty() ? card_name(host_hardware()) : gpus.front();
  const auto rate = step_rate(cache, card, sizes.nlat, sizes.nlon, sizes.embed_dim);
  if (!rate) return std::nullopt;
  const bool one = runtime.device == "cpu" || runtime.device.starts_with("cuda:");
  const size_t devices = !runtime.devices.empty() ? runtime.devices.size() : one ? 1 : gpus.size();
  return MachineRate{rate->ms_per_member_step, rate->joules_per_member_step, rate_text(*rate),
                     std::max(1, static_cast<int>(devices))};
}

}  // namespace

int validate_command(const Arguments& arguments) {
  CommandLine line(
      "hens validate JOB.yaml [a.b=c]... [--json]",
      "Names every problem of a spec at once, with file, line and column; or prints the resolved spec and\n"
      "members x steps, files, bytes, GPU memory and hours.",
      "hens validate jobs/benchmark.yaml --ms-per-member-step 40");
  line.options().add_options()("json", "as JSON")("ms-per-member-step",
                                                  boost::program_options::value<std::string>()->value_name("MS"),
                                                  "speed to reckon hours with, as hens bench measures it");
  line.add("cache", "DIR", "where runs noted how fast they were (default: $HENS_CACHE, else ~/.cache/hens)");
  add_set_option(line);
  if (!line.parse(arguments, 1, 1000)) return 0;
  SpecReading reading = read_job_spec(line.positional().front(), spec_overrides(line));
  check_models(reading);
  if (line.has("json") && !reading.problems.empty()) {
    std::cout
        << redacted_json(problems_json(reading.problems)).dump(1, ' ', false, nlohmann::json::error_handler_t::replace)
        << "\n";
  }
  const JobSpec spec = accepted(std::move(reading));
  PlanSizes sizes = known_sizes(spec);
  const LatLonGrid grid = equiangular_grid(sizes.nlat, sizes.nlon);
  for (const RegionSpec& region : spec.regions) {
    sizes.points_of_regions[region.name] = static_cast<int64_t>(cut_region(region, grid).domain.size());
  }
  const StatisticsCost statistics = statistics_cost(spec, grid);
  std::optional<MachineRate> rate = known_rate(spec, sizes, cache_folder(line.text("cache")));
  if (line.has("ms-per-member-step")) {
    rate = {milliseconds(line.text("ms-per-member-step")), std::nullopt, "given", rate ? rate->devices : 1};
  }
  nlohmann::ordered_json json = validation_json(spec, sizes, rate);
  if (statistics.pairs > 0) json["statistics"] = to_json(statistics);
  const std::string text = statistics_cost_text(statistics, estimate_memory(spec, sizes).total());
  std::cout << (line.has("json") ? redacted_json(json).dump(1) + "\n"
                                 : redacted(validation_report(spec, sizes, rate) + commented(text)));
  return 0;
}

}  // namespace hens
