// hens verify: recompute every checksum of a run, and name what is missing, extra or corrupt.
#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/verify_place.h"

namespace hens {

int verify_command(const Arguments& arguments) {
  CommandLine line(
      "hens verify DIR|s3://BUCKET/PREFIX [--sizes] [--json]",
      "Recomputes every checksum of a run and names what is missing, extra or corrupt. Changes nothing:\n"
      "running the job again mends what is missing or corrupt; what is extra is for you to delete. Exit 0 where\n"
      "all is well, 66 where something is only missing, else 65.",
      "hens verify runs/demo");
  line.options().add_options()("sizes", "look at the sizes of members' files only")("json", "as JSON");
  if (!line.parse(arguments, 1, 1)) return 0;
  Log log(LogFormat::automatic);
  RunPlace place(line.positional().front(), log);
  const std::vector<Finding> findings = verify_place(place, !line.has("sizes"));
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:8} {}: {}\n", finding.state, finding.path.string(), finding.detail);
    json.push_back({{"path", finding.path.string()}, {"state", finding.state}, {"detail", finding.detail}});
  }
  if (findings.empty()) text = "all is well\n";
  std::cout << (line.has("json") ? json.dump(1) + "\n" : text);
  if (findings.empty()) return 0;
  const bool only_missing =
      std::all_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.state == "missing"; });
  return static_cast<int>(only_missing ? ExitCode::missing_input : ExitCode::bad_input);
}

}  // namespace hens
