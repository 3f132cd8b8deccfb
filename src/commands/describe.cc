// hens describe: what a model package holds.
#include "package/describe.h"

#include <iostream>

#include "commands/command_line.h"
#include "commands/commands.h"
#include "forecast/stage.h"

namespace hens {

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
  std::cout << (line.has("json") ? describe_json(folder).dump(1) + "\n" : describe_text(folder));
  return 0;
}

}  // namespace hens
