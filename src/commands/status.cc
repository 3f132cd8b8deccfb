// hens status: what is done in a run's folder, from its markers alone.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/stopwatch.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/run_place.h"
#include "run/run_folder.h"
#include "run/run_parts.h"

namespace hens {
namespace {

struct Count {
  int64_t complete = 0, failed = 0, planned = 0;

  void add(MemberState state) {
    if (state == MemberState::complete) ++complete;
    if (state == MemberState::failed) ++failed;
  }
  std::string failed_text() const { return failed > 0 ? fmt::format(", {} failed", failed) : ""; }
};

std::string failed_line(const Manifest& manifest, const MemberEntry& entry) {
  const MemberId& at = entry.id;
  return fmt::format("  failed: {} steps, model {}, {}, member {}: {} in attempt {}\n",
                     manifest.spec.forecast.steps[at.length], at.model,
                     iso_time(manifest.spec.initial_conditions.times[at.time]), at.member,
                     failure_text(entry.failure.value()), entry.attempt);
}

// Looks again until every member is complete or failed. A look reads markers: it takes its time in a folder of many.
void watch(RunPlace& place, Log& log) {
  install_stop_signals();
  while (true) {
    const Stopwatch look;
    place.refresh();
    const Manifest manifest = merged_manifest(place.root());
    const auto planned = static_cast<double>(WorkPlan(manifest.spec).size());
    const auto done = static_cast<double>(manifest.complete + manifest.failed);
    log.progress(manifest.spec.name, done, planned, "members",
                 manifest.failed > 0 ? fmt::format("{} failed", manifest.failed) : "");
    if (done >= planned) return;
    const double pause = std::max(2.0, 20 * look.seconds());
    for (const Stopwatch rest; rest.seconds() < pause;) {
      stop_if_requested();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

void print_status(const fs::path& root, bool as_json) {
  const Manifest manifest = merged_manifest(root);
  const WorkPlan plan(manifest.spec);
  std::map<std::pair<int, int>, Count> counts;  // by length and model
  for (int length = 0; length < static_cast<int>(manifest.spec.forecast.steps.size()); ++length) {
    for (int model = 0; model < static_cast<int>(manifest.spec.models.size()); ++model) {
      counts[{length, model}].planned = static_cast<int64_t>(plan.per_model_and_length());
    }
  }
  Count all;
  all.planned = static_cast<int64_t>(plan.size());
  std::string failed_lines;
  constexpr int most_lines = 10;
  for (const MemberEntry& entry : manifest.members) {
    counts[{entry.id.length, entry.id.model}].add(entry.state);
    all.add(entry.state);
    if (entry.state == MemberState::failed && all.failed <= most_lines) failed_lines += failed_line(manifest, entry);
  }
  if (all.failed > most_lines)
    failed_lines += fmt::format("  and {} more: `hens report` lists all in members.csv\n", all.failed - most_lines);
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  std::string text = fmt::format("{}: {} of {} members are complete{}\n", manifest.spec.name, all.complete, all.planned,
                                 all.failed_text());
  for (const auto& [key, count] : counts) {
    const int steps = manifest.spec.forecast.steps[key.first];
    text += fmt::format("  {:4} steps, model {} ({}): {} of {}{}\n", steps, key.second,
                        manifest.model_names[key.second], count.complete, count.planned, count.failed_text());
    rows.push_back({{"steps", steps},
                    {"model", key.second},
                    {"complete", count.complete},
                    {"failed", count.failed},
                    {"planned", count.planned}});
  }
  nlohmann::ordered_json statistics;
  if (!manifest.spec.statistics.empty()) {
    const RunParts parts(root, manifest);
    text += fmt::format("  statistics: {} part{}{}\n", parts.count(), parts.count() == 1 ? "" : "s",
                        parts.damaged().empty() ? "" : fmt::format(", {} damaged", parts.damaged().size()));
    statistics = {{"parts", parts.count()}, {"damaged", parts.damaged().size()}};
  }
  text += failed_lines;
  nlohmann::ordered_json json{{"name", manifest.spec.name},
                              {"complete", all.complete},
                              {"failed", all.failed},
                              {"planned", all.planned},
                              {"parts", rows}};
  if (!statistics.is_null()) json["statistics"] = statistics;
  std::cout << (as_json ? json.dump(1) + "\n" : text);
}

}  // namespace

int status_command(const Arguments& arguments) {
  CommandLine line(
      "hens status DIR|s3://BUCKET/PREFIX [--watch] [--json]",
      "Tells what is complete in a run's folder, and what failed, from its markers and attempts alone: on\n"
      "any machine that sees the folder, also while the run is under way.",
      "hens status runs/demo --watch");
  line.options().add_options()("watch", "look again until all is complete or failed, with rate and time left")(
      "json", "as JSON");
  line.add_log_option();
  if (!line.parse(arguments, 1, 1)) return 0;
  Log log(line.log_format());
  RunPlace place(line.positional().front(), log);
  if (line.has("watch")) watch(place, log);
  print_status(place.root(), line.has("json"));
  return 0;
}

}  // namespace hens
