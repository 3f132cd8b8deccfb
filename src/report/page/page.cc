#include "report/page/page.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/version.h"
#include "report/page/chart.h"
#include "report/page/html.h"
#include "report/page/html_page.h"
#include "report/run_summary.h"
#include "report/timing_report.h"

namespace hens {
namespace {

constexpr size_t most_sources = 200, most_models_named = 200, most_rows = 200;
constexpr size_t longest_spec = 100'000;  // bytes

std::string paragraph(const std::string& text) { return "<p>" + escaped(text) + "</p>\n"; }
std::string soft(const std::string& text) {
  return text.empty() ? "" : "<p class=\"soft\">" + escaped(text) + "</p>\n";
}

std::string facts_list(const std::vector<Fact>& facts) {
  std::string html = "<dl>\n";
  for (const Fact& fact : facts) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(fact.label), escaped(fact.value));
  }
  return html + "</dl>\n";
}

std::string text_of(const std::vector<int>& steps) {
  std::string text;
  for (const int count : steps) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", plural(count, "step"), forecast_text(count * 6.0));
  }
  return text;
}

std::vector<Fact> job_facts(const Manifest& manifest) {
  const JobSpec& spec = manifest.spec;
  std::vector<Fact> facts = run_facts(manifest);
  const Fact ensemble{
      "Ensemble",
      fmt::format("{} x {} of each{}", plural(static_cast<int64_t>(spec.models.size()), "model"),
                  plural(spec.ensemble.members, "member"), spec.ensemble.control ? ", member 0 unperturbed" : "")};
  facts.insert(facts.begin() + 1, {ensemble, {"Forecasts", text_of(spec.forecast.steps)}});
  for (const Fact& fact : amount_facts(manifest)) facts.push_back(fact);
  return facts;
}

std::string frame_html(const MapSequence& maps, const MapFrame& frame) {
  const std::string alt = fmt::format("Map: {}, lead time {}. {}", maps.title, frame.lead, frame.caption);
  return fmt::format(
      "<figure data-lead=\"{}\"><img width=\"{}\" height=\"{}\" alt=\"{}\" src=\"data:image/jpeg;base64,{}\">"
      "<figcaption>Lead time {}. {}</figcaption></figure>\n",
      escaped(frame.lead), maps.width, maps.height, escaped(alt), base64(frame.jpeg), escaped(frame.lead),
      escaped(frame.caption));
}

std::string maps_html(const PagePictures& pictures) {
  std::string html;
  for (const MapSequence& maps : pictures.maps) {
    html += fmt::format("<section><h3>{}</h3>\n{}<div class=\"frames\" data-title=\"{}\">\n", escaped(maps.title),
                        soft(maps.notes), escaped(maps.title));
    for (const MapFrame& frame : maps.frames) html += frame_html(maps, frame);
    html += "</div></section>\n";
  }
  if (html.empty()) return html;
  for (const std::string& sentence : pictures.left_out) html += soft(sentence);
  return html;
}

std::string charts_html(const std::vector<PageChart>& charts) {
  if (charts.empty()) return "";
  std::string html = "<div class=\"plots\">\n";
  for (const PageChart& chart : charts) {
    html += fmt::format("<section><h3>{}</h3>\n{}<figure>{}</figure></section>\n", escaped(chart.title),
                        soft(chart.notes), chart.svg);
  }
  return html + "</div>\n";
}

// Seconds of all attempts by stage, as horizontal bars.
std::string stage_bars(const Manifest& manifest) {
  std::map<std::string, double> stages;
  for (const Attempt& attempt : manifest.attempts) {
    for (const auto& [stage, seconds] : attempt.stages.seconds) {
      if (stage != "total" && seconds > 0.0) stages[stage] += seconds;
    }
  }
  if (stages.empty()) return "";
  std::vector<std::pair<std::string, double>> sorted(stages.begin(), stages.end());
  std::ranges::stable_sort(sorted, std::greater<>(), &std::pair<std::string, double>::second);
  std::vector<Bar> bars;
  for (const auto& [stage, seconds] : sorted) {
    bars.push_back({stage, seconds, fixed(seconds, seconds < 10.0 ? 2 : 1) + " s"});
  }
  return "<h3>Time by stage</h3>\n" + soft("Of all attempts; stages overlap where work is asynchronous.") +
         svg_bars("Seconds by stage", bars);
}

// A page of a run with hundreds of attempts stays readable: the last rows of a table are enough.
Table last_rows(Table table) {
  if (table.rows.size() <= most_rows) return table;
  table.title += fmt::format(" (the last {} of {})", most_rows, table.rows.size());
  table.rows.erase(table.rows.begin(), table.rows.end() - most_rows);
  return table;
}

std::string timing_html(const Manifest& manifest) {
  std::string html = stage_bars(manifest);
  for (const Table& table : timing_tables(manifest)) html += html_table(last_rows(table));
  return html;
}

Table package_table(const Manifest& manifest) {
  Table table{"Model packages", {{"", Align::right}, {"Package"}, {"From"}, {"Digest of its content"}}, {}};
  for (size_t m = 0; m < std::min(manifest.model_names.size(), most_models_named); ++m) {
    table.rows.push_back({fmt::format("M{}", m), manifest.model_names[m],
                          m < manifest.spec.models.size() ? manifest.spec.models[m] : "",
                          m < manifest.model_digests.size() ? manifest.model_digests[m] : ""});
  }
  return table;
}

Table source_table(const Manifest& manifest) {
  Table table{"Sources of the initial conditions", {{"From"}, {"Bytes", Align::right}, {"SHA-256"}, {"Notes"}}, {}};
  std::set<std::pair<std::string, std::string>> seen;
  for (const Attempt& attempt : manifest.attempts) {
    for (const SourceRecord& source : attempt.sources) {
      if (!seen.emplace(source.url, source.sha256).second) continue;
      std::string notes;
      for (const std::string& note : source.notes) notes += (notes.empty() ? "" : "; ") + note;
      table.rows.push_back({source.url, fmt::to_string(source.bytes), source.sha256, notes});
    }
  }
  if (table.rows.size() > most_sources) {
    table.title += fmt::format(" (the first {} of {}; run.json has all)", most_sources, table.rows.size());
    table.rows.resize(most_sources);
  }
  return table;
}

std::string provenance_html(const Manifest& manifest) {
  const Attempt last = last_attempt(manifest);
  std::vector<Fact> facts{{"Forecast hash", manifest.forecast_hash},
                          {"Kind of device", manifest.device_kind},
                          {"hens", last.hens_version},
                          {"LibTorch", last.libtorch_version}};
  std::erase_if(facts, [](const Fact& fact) { return fact.value.empty(); });
  std::string html = facts_list(facts) + html_table(package_table(manifest));
  const Table sources = source_table(manifest);
  if (!sources.rows.empty()) html += html_table(sources);
  std::string spec = to_json(manifest.spec).dump(1);
  if (spec.size() > longest_spec) {
    spec = fmt::format("The spec has {} bytes: run.json has it.", spec.size());
  }
  return html + "<details><summary>The spec as it was resolved</summary><pre tabindex=\"0\">" + escaped(spec) +
         "</pre></details>\n";
}

std::string repeat_html(const Manifest& manifest) {
  const std::string name = manifest.spec.name;
  const int member = std::min(1, manifest.spec.ensemble.members - 1);
  std::string commands =
      "# In the run's folder: the spec as it was resolved, every default spelled out\n"
      "python3 -c 'import json; print(json.dumps(json.load(open(\"run.json\"))[\"spec\"]))' > job.yaml\n\n"
      "hens verify .                                   # is every byte here as it was left?\n"
      "hens run job.yaml --output ../again             # the same members: the same bytes on the same kind of device\n";
  commands += fmt::format("hens run job.yaml --members {0} --output ../member_{0}   # one member alone\n", member);
  if (!manifest.spec.statistics.empty()) {
    commands += "hens merge .                                    # the final statistics again, from their parts\n";
  }
  commands += "hens report .                                   # this page again\n";
  return paragraph(fmt::format("What makes the run '{}' again, or a part of it:", name)) + "<pre tabindex=\"0\">" +
         escaped(commands) + "</pre>\n";
}

}  // namespace

std::string report_page(const Manifest& manifest, const PagePictures& pictures) {
  return html_page(manifest.spec.name + ": an ensemble forecast", manifest.spec.name, "An ensemble forecast of hens",
                   {{"run", "The run", facts_list(job_facts(manifest))},
                    {"maps", "Maps", maps_html(pictures)},
                    {"places", "Places", charts_html(pictures.plumes)},
                    {"scores", "Scores", charts_html(pictures.scores)},
                    {"time", "Time", timing_html(manifest)},
                    {"provenance", "Provenance", provenance_html(manifest)},
                    {"repeat", "To repeat it", repeat_html(manifest)}});
}

}  // namespace hens
