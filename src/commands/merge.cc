// hens merge: statistics' parts of one or several folders -> final stores.
#include <iostream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "base/stop.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "job/spec_names.h"
#include "job/work_plan.h"
#include "run/merge_statistics.h"

namespace hens {
namespace {

StoreFormat store_format(const std::string& text) {
  for (const auto& [name, format] : format_names().names) {
    if (text == name) return format;
  }
  fail(ExitCode::usage, "--format {}: expected zarr, netcdf or grib2", text);
}

}  // namespace

int merge_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  CommandLine line(
      "hens merge DIR... [--shard I/N] [--output DIR] [--format netcdf|grib2]",
      "Adds up the parts of a job's statistics and writes the final stores: statistics_<model>.zarr for each\n"
      "model, and statistics.zarr for all together. DIRs are folders of one job (shards with an --output each,\n"
      "say). The result does not depend on how the members were split.",
      "hens merge runs/a runs/b --output runs/both");
  line.options().add_options()("output", po::value<std::string>()->value_name("DIR"),
                               "where the stores go (default: the first DIR)")(
      "shard", po::value<std::string>()->value_name("I/N"), "only part I of N of the stores, I from 0")(
      "format", po::value<std::string>()->value_name("FORMAT"),
      "zarr (default), netcdf: statistics_<model>.nc, or grib2: statistics_<model>.grib2");
  line.add_log_option();
  if (!line.parse(arguments, 1, 1000)) return 0;
  install_stop_signals();
  Log log(line.log_format());
  const std::vector<fs::path> folders(line.positional().begin(), line.positional().end());
  const fs::path output = line.text("output", folders.front().string());
  const Selection part = line.has("shard") ? parse_shard(line.text("shard")) : Selection{};
  const MergeResult result =
      merge_statistics(folders, output, store_format(line.text("format", "zarr")), part.shard, part.shards, log);
  std::cout << fmt::format("{} members are in {} store{}\n", result.members, result.stores.size(),
                           result.stores.size() == 1 ? "" : "s");
  for (const fs::path& store : result.stores) std::cout << fmt::format("  store   {}\n", (output / store).string());
  return 0;
}

}  // namespace hens
