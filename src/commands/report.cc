// hens report: reports and maps again, from what a run left.
#include "commands/command_line.h"
#include "commands/commands.h"
#include "commands/finish_reports.h"
#include "commands/run_place.h"

namespace hens {

int report_command(const Arguments& arguments) {
  CommandLine line(
      "hens report DIR|s3://BUCKET/PREFIX",
      "Writes timing_report.txt, benchmark_results.json, report.html and the maps again, from what the run left:\n"
      "after `hens score`, with the scores.",
      "hens report runs/demo");
  line.add_log_option();
  if (!line.parse(arguments, 1, 1)) return 0;
  Log log(line.log_format());
  RunPlace place(line.positional().front(), log);
  print_outcome(place.root(), finish_reports(place.root(), place.bucket(), log), place.text());
  return 0;
}

}  // namespace hens
