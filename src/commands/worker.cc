// hens worker: one device's process of a run of several. Started by `hens run`, not by people.
#include <charconv>

#include "base/error.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "forecast/worker_process.h"

namespace hens {

int worker_command(const Arguments& arguments) {
  CommandLine line("hens worker PARENT [options]",
                   "Works for one device of `hens run`, process PARENT, which tells it what to do on standard input.",
                   "hens run jobs/demo.yaml runtime.devices=[cpu,cpu]");
  line.add_cache_options();
  if (!line.parse(arguments, 1, 1)) return 0;
  const std::string& text = line.positional().front();
  int parent = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), parent);
  if (error != std::errc() || rest != text.data() + text.size() || parent < 1) {
    fail(ExitCode::usage, "PARENT {}: expected the number of the process that runs the job", text);
  }
  return serve_as_worker(parent, line.download_options());
}

}  // namespace hens
