// hens fetch: stage model packages and initial conditions into the cache.
#include "forecast/fetch.h"

#include <iostream>

#include "base/error.h"
#include "base/secrets.h"
#include "base/stop.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/overrides.h"
#include "forecast/check_spec.h"

namespace hens {
namespace {

nlohmann::ordered_json item_json(const FetchItem& item) {
  return {{"what", item.what},   {"uri", item.uri},       {"resolved", item.resolved}, {"range", item.range},
          {"bytes", item.bytes}, {"sha256", item.sha256}, {"path", item.path}};
}

std::string item_text(const FetchItem& item) {
  std::string text = fmt::format("{:13}  {}", item.what, item.resolved);
  if (!item.range.empty()) text += "  bytes " + item.range;
  if (item.bytes > 0) text += fmt::format("  ({} bytes)", item.bytes);
  if (!item.sha256.empty()) text += "\n               sha256 " + item.sha256;
  if (!item.path.empty()) text += "\n               " + item.path;
  return text + "\n";
}

}  // namespace

int fetch_command(const Arguments& arguments) {
  CommandLine line(
      "hens fetch JOB.yaml [a.b=c]... [--dry-run] [--json]",
      "Brings model packages and initial conditions into the cache, checksummed; goes on where it was stopped.",
      "hens fetch jobs/benchmark.yaml --dry-run");
  line.options().add_options()("dry-run", "only list addresses and byte ranges; reads indexes, fetches nothing else")(
      "json", "as JSON");
  add_set_option(line);
  line.add_cache_options();
  line.add_log_option();
  if (!line.parse(arguments, 1, 1000)) return 0;
  const JobSpec spec = load_checked_spec(line.positional().front(), spec_overrides(line));
  install_stop_signals();
  Log log(line.log_format());
  Downloader downloader(line.download_options(spec.mirrors), log);
  const auto items = line.has("dry-run") ? plan_fetch(spec, downloader) : fetch_all(spec, downloader, log);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::string text;
  for (const FetchItem& item : items) {
    json.push_back(item_json(item));
    text += item_text(item);
  }
  std::cout
      << (line.has("json")
              ? redacted_json(std::move(json)).dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                    "\n"
              : redacted(text));
  return 0;
}

}  // namespace hens
