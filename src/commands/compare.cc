// hens compare: platforms by their benchmark results.
#include "report/compare.h"

#include <iostream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "commands/command_line.h"
#include "commands/commands.h"

namespace hens {

int compare_command(const Arguments& arguments) {
  CommandLine line(
      "hens compare A.json B.json [...] [--format text|markdown|json|html]",
      "Compares platforms by their benchmark_results.json: summary with winner, by number of steps, per step,\n"
      "variance between models, and cost where a price is known.",
      "hens compare databricks.json ec2.json --format markdown");
  line.options().add_options()("format", boost::program_options::value<std::string>()->value_name("FORM"),
                               "text (default), markdown, json, or html: a page of one file");
  if (!line.parse(arguments, 2, 100)) return 0;
  std::vector<BenchmarkFile> files;
  for (const std::string& file : line.positional()) files.push_back(read_benchmark_file(file));
  const Comparison comparison = compare_platforms(std::move(files));
  const std::string format = line.text("format", "text");
  if (format == "text") {
    std::cout << comparison_text(comparison);
  } else if (format == "markdown") {
    std::cout << comparison_markdown(comparison);
  } else if (format == "json") {
    std::cout << comparison_json(comparison).dump(1) << "\n";
  } else if (format == "html") {
    std::cout << comparison_html(comparison);
  } else {
    fail(ExitCode::usage, "--format {}: expected text, markdown, json or html", format);
  }
  return 0;
}

}  // namespace hens
