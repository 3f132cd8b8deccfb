// hens score: a run's forecasts against what came.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <sstream>

#include <boost/program_options.hpp>

#include "base/error.h"
#include "base/stop.h"
#include "commands/command_line.h"
#include "commands/commands.h"
#include "report/table.h"
#include "scores/score_results.h"

namespace hens {
namespace {

constexpr size_t most_rows = 40;  // of the table on the terminal

std::vector<std::string> items_of(const std::string& list) {
  std::vector<std::string> items;
  std::istringstream words(list);
  for (std::string item; std::getline(words, item, ',');) {
    if (!item.empty()) items.push_back(item);
  }
  return items;
}

// "t2m>=303.15" or "u10m>17".
std::pair<std::string, Threshold> parse_threshold(const std::string& text) {
  const size_t at = text.find('>');
  const bool at_least = at != std::string::npos && text.substr(at, 2) == ">=";
  const std::string number = at == std::string::npos ? "" : text.substr(at + (at_least ? 2 : 1));
  float value = 0;
  const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (at == 0 || error != std::errc() || rest != number.data() + number.size() || !std::isfinite(value)) {
    fail(ExitCode::usage, "--threshold {}: expected VARIABLE>=NUMBER or VARIABLE>NUMBER, as 't2m>=303.15'", text);
  }
  return {text.substr(0, at), {value, at_least ? Exceedance::at_least : Exceedance::above}};
}

// The built-in regions, unless a list is named, and those of the command line.
std::vector<RegionBox> regions_of(const std::vector<std::string>& given) {
  std::vector<RegionBox> regions = standard_regions();
  for (const std::string& text : given) {
    const RegionBox box = parse_region(text);
    if (std::ranges::find(regions, box.name, &RegionBox::name) != regions.end()) {
      fail(ExitCode::usage, "--region {}: there is a region of that name already", text);
    }
    regions.push_back(box);
  }
  return regions;
}

ScoreFrom score_from(const std::string& text) {
  if (text == "auto") return ScoreFrom::automatic;
  if (text == "members") return ScoreFrom::members;
  if (text == "statistics") return ScoreFrom::statistics;
  fail(ExitCode::usage, "--from {}: expected auto, members or statistics", text);
}

StateCheck state_check(const std::string& text) {
  if (text == "strict") return StateCheck::strict;
  if (text == "finite") return StateCheck::finite;
  fail(ExitCode::usage, "--check {}: expected strict or finite", text);
}

// 64K, 512M, 2G.
uint64_t parse_memory(const std::string& text) {
  uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(rest, text.data() + text.size());
  const int shift = unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
  if (error == std::errc() && shift > 0 && number > 0 && number < (uint64_t{1} << 30)) return number << shift;
  fail(ExitCode::usage, "--memory {}: expected a number and K, M or G, as 2G", text);
}

ScoreOptions score_options(const CommandLine& line, const fs::path& output) {
  if (!line.has("truth") && !line.has("climate")) {
    fail(ExitCode::usage, "--truth is missing: gfs, grib:PATH, netcdf:PATH, makani:PATH, zarr:PATH or analytic");
  }
  ScoreOptions options;
  if (line.has("truth")) options.truth = parse_truth(line.text("truth"));
  const bool of_zarr = options.truth && options.truth->kind == "zarr";
  options.check = state_check(line.text("check", of_zarr ? "finite" : "strict"));
  options.regions = regions_of(line.list("region"));
  for (const std::string& text : line.list("threshold")) {
    const auto [variable, threshold] = parse_threshold(text);
    options.thresholds[variable].push_back(threshold);
  }
  options.variables = items_of(line.text("variables"));
  for (const std::string& lead : items_of(line.text("leads"))) options.leads.push_back(parse_duration(lead));
  options.from = score_from(line.text("from", "auto"));
  options.steps = line.number("steps", 0, 1, 1'000'000);
  options.climatology = line.text("climatology");
  options.climate = line.text("climate"), options.output = output;
  options.limits = {parse_memory(line.text("memory", "1G")), line.text("scratch", output.string())};
  return options;
}

// Three digits in seven columns: 0.00123, 1.2e-04, 12345.
std::string short_number(double value) {
  const double size = std::abs(value);
  if (size >= 1000.0 && size < 1e7) return fmt::format("{:.0f}", value);
  return size > 0.0 && size < 1e-3 ? fmt::format("{:.1e}", value) : fmt::format("{:.3g}", value);
}

std::string value_text(const ScoreEntry& entry, const std::string& name) {
  const auto found = std::ranges::find(entry.scores, name, &Score::name);
  return found == entry.scores.end() ? "-" : short_number(found->value);
}

// All models together where there are several, else the one; the first region, unless few rows are all.
std::vector<const ScoreEntry*> shown_entries(const RunScores& scores) {
  const bool several = scores.run.spec.models.size() > 1;
  std::vector<const ScoreEntry*> all, globe;
  for (const ScoreEntry& entry : scores.entries) {
    if (several && entry.model) continue;
    all.push_back(&entry);
    if (entry.region == scores.regions.front().name) globe.push_back(&entry);
  }
  return all.size() <= most_rows ? all : globe;
}

// At most 80 columns. M: members.
std::string score_table(const RunScores& scores) {
  const bool acc = !scores.climatology.empty();
  Table table{"",
              {{"variable"},
               {"lead", Align::right},
               {"region"},
               {"M", Align::right},
               {"crps", Align::right},
               {"fair", Align::right},
               {"rmse", Align::right},
               {"spread", Align::right},
               {acc ? "acc" : "sp/sk", Align::right}},
              {}};
  const std::vector<const ScoreEntry*> entries = shown_entries(scores);
  for (size_t k = 0; k < std::min(entries.size(), most_rows); ++k) {
    const ScoreEntry& entry = *entries[k];
    table.rows.push_back({entry.variable, duration_text(entry.lead), shortened(entry.region, 12),
                          fmt::format("{}", entry.most_members), value_text(entry, "crps"),
                          value_text(entry, "crps_fair"), value_text(entry, "rmse"), value_text(entry, "spread"),
                          value_text(entry, acc ? "acc" : "spread_skill")});
  }
  return as_text(table);
}

void print_scores(const RunScores& scores, const fs::path& output) {
  if (!scores.entries.empty()) std::cout << score_table(scores);
  const size_t shown = std::min(shown_entries(scores).size(), most_rows);
  if (shown < scores.entries.size()) {
    std::cout << fmt::format("{} of {} are shown; scores.csv has all, by model and region\n", shown,
                             scores.entries.size());
  }
  for (const ScoreNote& note : scores.notes) {
    std::cout << fmt::format("  note    {}{}{}: {}\n", note.variable, note.variable.empty() ? "" : ": ", note.what,
                             note.why);
  }
  constexpr size_t most_missing = 5;
  for (size_t k = 0; k < std::min(scores.missing.size(), most_missing); ++k) {
    std::cout << fmt::format("  no truth of {} at {}\n", scores.missing[k].variable,
                             iso_time(scores.missing[k].valid_time));
  }
  if (scores.missing.size() > most_missing) {
    std::cout << fmt::format("  and of {} more; scores.json names them\n", scores.missing.size() - most_missing);
  }
  if (scores.extremes) std::cout << fmt::format("  maps    {}\n", (output / scores.extremes->path).string());
  for (const char* name : {"scores.json", "scores.csv"}) {
    std::cout << fmt::format("  scores  {}\n", (output / name).string());
  }
}

}  // namespace

int score_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  using Texts = std::vector<std::string>;
  CommandLine line(
      "hens score DIR... --truth SOURCE [options]",
      "Scores a run's forecasts against what came: CRPS, error of the mean, spread, ranks, probabilities, by\n"
      "variable, lead time, region and model. From its members, or from its statistics alone. DIRs are folders of\n"
      "one job (shards with an --output each, say). Writes scores.json and scores.csv into the first. Exit 66 where a "
      "valid time has no truth yet: the others are scored.",
      "hens score runs/demo --truth analytic");
  line.add("truth", "SOURCE",
           "gfs, analytic, grib:PATH, netcdf:PATH, makani:PATH or zarr:PATH; %Y%m%d%H in PATH\n"
           "stand for the valid time");
  line.add("climatology", "FILE", "netCDF of climatological means: gives the anomaly correlation");
  line.add("climate", "SOURCE",
           "a run's folder with quantiles in its statistics, or a netCDF of quantiles:\n"
           "writes efi.nc, maps of the extreme forecast index and the shift of tails");
  line.options().add_options()("region", po::value<Texts>()->value_name("BOX"),
                               "NAME=lat_min,lat_max,lon_min,lon_max, beside globe, tropics,\n"
                               "extratropics_north and extratropics_south; may be repeated")(
      "threshold", po::value<Texts>()->value_name("EVENT"),
      "an event, as 't2m>=303.15', beside those of `statistics:`; may be\nrepeated");
  line.add("variables", "LIST", "only these: t2m,z500 (default: all that the run has)");
  line.add("leads", "LIST", "only these lead times: 24h,10d (default: all)");
  line.add("steps", "N", "the roll-outs of so many steps (default: the longest)");
  line.add("from", "WHAT", "members, statistics, or auto (default): members where they are stored");
  line.add("check", "HOW", "of the truth: strict (default) refuses what no atmosphere has, finite takes\nany number");
  line.add_flag("allow-missing", "exit 0 also where a valid time has no truth yet");
  line.add("output", "DIR", "where scores.json and scores.csv go (default: the run's folder)");
  line.add("memory", "SIZE", "of members' fields held at a time (default 1G)");
  line.add("scratch", "DIR", "where members' fields go that do not fit (default: the output folder)");
  line.add_cache_options();
  line.add_log_option();
  if (!line.parse(arguments, 1, 1000)) return 0;
  const std::vector<fs::path> folders(line.positional().begin(), line.positional().end());
  const fs::path& root = folders.front();
  const fs::path output = line.text("output", root.string());
  const ScoreOptions options = score_options(line, output);
  install_stop_signals();
  Log log(line.log_format());
  const MirrorsSpec mirrors = read_manifest(root).spec.mirrors;
  make_folders(output);
  Downloader downloader(line.download_options(mirrors), log);
  const RunScores scores = score_run(folders, options, downloader, log);
  publish_file(output / "scores.json", scores_json(scores));
  publish_file(output / "scores.csv", scores_csv(scores));
  print_scores(scores, output);
  const bool whole = scores.missing.empty() || line.has("allow-missing");
  return static_cast<int>(whole ? ExitCode::ok : ExitCode::missing_input);
}

}  // namespace hens
