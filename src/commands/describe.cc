// hens describe: what a model package holds.
#include "package/describe.h"

#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "engine/sfno/sizes.h"
#include "engine/sfno/weight_file.h"
#include "forecast/stage.h"
#include "package/package.h"

namespace hens {
namespace {

// The fast engine's weight file of a package that it can run, if there is one.
std::optional<engine::WeightFileFacts> weight_file(const fs::path& package, const fs::path& cache) {
  std::error_code none;
  const fs::path folder = weight_folder(cache);
  if (!fs::is_directory(folder, none)) return std::nullopt;  // saves reading the package for its digest
  try {
    const ModelPackage opened = open_package(package);
    return engine::weight_file_facts(folder, remembered_package_digest(package, cache),
                                     engine::sizes_of(opened.config));
  } catch (const Error&) {  // what is wrong with the package is told by its description
    return std::nullopt;
  }
}

}  // namespace

int describe_command(const Arguments& arguments) {
  CommandLine line("hens describe PACKAGE [--json]", "Tells what a model package holds, and what it lacks.",
                   "hens describe synth:mini?seed=102");
  line.options().add_options()("json", "as JSON");
  line.add_cache_options();
  line.add_log_option();
  if (!line.parse(arguments, 1, 1)) return 0;
  Log log(line.log_format());
  Downloader downloader(line.download_options(), log);
  const fs::path folder = stage_package(line.positional().front(), downloader, log);
  const std::optional<engine::WeightFileFacts> weights = weight_file(folder, downloader.options().cache);
  nlohmann::ordered_json described = describe_json(folder);
  if (line.has("json")) {
    described["engine_weight_file"] = nullptr;
    if (weights) {
      described["engine_weight_file"] = {
          {"path", weights->path.string()}, {"bytes", weights->bytes}, {"crc32c_of_64_MiB", weights->checksums}};
    }
    std::cout << described.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
  } else {
    std::cout << describe_text(described);
    std::cout << (weights ? fmt::format("fast engine {}, {} bytes of fused weights, {} checksums\n",
                                        weights->path.string(), weights->bytes, weights->checksums)
                          : "fast engine no weight file yet: the first run on a GPU makes it\n");
  }
  const bool missing = !described["missing"].empty();
  return static_cast<int>(described["complete"] ? ExitCode::ok
                          : missing             ? ExitCode::missing_input
                                                : ExitCode::bad_input);
}

}  // namespace hens
