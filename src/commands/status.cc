// hens status: what is done in a run's folder, from its markers alone.
#include <iostream>
#include <map>

#include "base/error.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "forecast/run_folder.h"

namespace hens {
namespace {

struct Count {
  int complete = 0, planned = 0;
};

}  // namespace

int status_command(const Arguments& arguments) {
  CommandLine line("hens status DIR [--json]", "Tells what is complete in a run's folder, from its markers alone.",
                   "hens status runs/demo");
  line.options().add_options()("json", "as JSON");
  if (!line.parse(arguments, 1, 1)) return 0;
  const Manifest manifest = merged_manifest(line.positional().front());
  std::map<std::pair<int, int>, Count> counts;  // by length and model
  Count all;
  for (const MemberEntry& entry : manifest.members) {
    Count& count = counts[{entry.time.length, entry.time.model}];
    const int complete = entry.state == MemberState::complete ? 1 : 0;
    ++count.planned, ++all.planned;
    count.complete += complete, all.complete += complete;
  }
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  std::string text = fmt::format("{}: {} of {} members are complete\n", manifest.spec.name, all.complete, all.planned);
  for (const auto& [key, count] : counts) {
    const int steps = manifest.spec.forecast.steps[key.first];
    text += fmt::format("  {:4} steps, model {} ({}): {} of {}\n", steps, key.second, manifest.model_names[key.second],
                        count.complete, count.planned);
    rows.push_back({{"steps", steps}, {"model", key.second}, {"complete", count.complete}, {"planned", count.planned}});
  }
  const nlohmann::ordered_json json{
      {"name", manifest.spec.name}, {"complete", all.complete}, {"planned", all.planned}, {"parts", rows}};
  std::cout << (line.has("json") ? json.dump(1) + "\n" : text);
  return 0;
}

}  // namespace hens
