// The rendering half of compare.h: the tables of the original benchmark's README.
#include <algorithm>

#include <fmt/format.h>

#include "report/compare.h"
#include "report/page/html.h"
#include "report/page/html_page.h"
#include "report/table.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

enum class Style { text, markdown };

std::string bold(const std::string& text, Style style) { return style == Style::markdown ? "**" + text + "**" : text; }

// As many decimals as show a short time: the original's two, more below a tenth of a second.
std::string seconds(double value) { return fixed(value, value > 0.0 && value < 0.1 ? 4 : 2) + "s"; }

std::string money(double usd) { return "$" + fixed(usd, usd < 1.0 ? 4 : 2); }

const PlatformTimes& summary_times(const Comparison& comparison, size_t platform) {
  return *comparison.lengths[comparison.summary].platforms[platform];
}

std::string winner_text(const Comparison& comparison) { return percent_text(comparison.faster) + " faster"; }

Table summary_table(const Comparison& comparison, Style style) {
  const int nsteps = comparison.lengths[comparison.summary].nsteps;
  Table table{
      "Summary", {{"Platform"}, {fmt::format("NSTEPS={} Time", nsteps)}, {"Per-Step"}, {"Total Time"}, {"Winner"}}, {}};
  const bool cards = std::ranges::any_of(comparison.files, [](const BenchmarkFile& file) { return file.cards > 0; });
  if (cards) table.columns.insert(table.columns.begin() + 1, {"GPUs"});
  for (size_t i = 0; i < comparison.files.size(); ++i) {
    const PlatformTimes& times = summary_times(comparison, i);
    const bool wins = comparison.winner == static_cast<int>(i);
    table.rows.push_back({wins ? bold(comparison.names[i], style) : comparison.names[i], seconds(times.time),
                          seconds(times.time_per_step) + "/step", seconds_text(comparison.files[i].total_time),
                          wins ? bold(winner_text(comparison), style) : ""});
    if (cards) table.rows.back().insert(table.rows.back().begin() + 1, comparison.files[i].cards_text());
  }
  return table;
}

// The most models that a platform has at any length.
std::vector<size_t> model_counts(const Comparison& comparison) {
  std::vector<size_t> counts(comparison.files.size(), 0);
  for (size_t i = 0; i < counts.size(); ++i) {
    for (const BenchmarkLength& length : comparison.files[i].lengths) {
      counts[i] = std::max(counts[i], length.inference_times.size());
    }
  }
  return counts;
}

Table detailed_table(const Comparison& comparison) {
  Table table{"Detailed Results by NSTEPS", {{"NSTEPS", Align::right}, {"Forecast"}}, {}};
  const std::vector<size_t> models = model_counts(comparison);
  for (size_t i = 0; i < models.size(); ++i) {
    for (size_t m = 0; m < models[i]; ++m) {
      table.columns.push_back({fmt::format("{} M{}", comparison.names[i], m), Align::right});
    }
  }
  for (const ComparedLength& length : comparison.lengths) {
    auto& row = table.rows.emplace_back();
    row = {fmt::to_string(length.nsteps), forecast_text(length.forecast_hours)};
    for (size_t i = 0; i < models.size(); ++i) {
      const auto& times = length.platforms[i];
      for (size_t m = 0; m < models[i]; ++m) {
        row.push_back(times && m < times->inference_times.size() ? seconds(times->inference_times[m]) : "");
      }
    }
  }
  return table;
}

// How much dearer a step is than in the summary's length, as the mean over the platforms that have both.
std::string step_note(const Comparison& comparison, const ComparedLength& length) {
  const ComparedLength& longest = comparison.lengths[comparison.summary];
  if (comparison.lengths.size() == 1) return "";
  if (length.nsteps >= longest.nsteps) return "True inference speed";
  double sum = 0.0;
  int count = 0;
  for (size_t i = 0; i < length.platforms.size(); ++i) {
    if (!length.platforms[i]) continue;
    sum += length.platforms[i]->time_per_step / longest.platforms[i]->time_per_step;
    ++count;
  }
  const double ratio = sum / count;
  return ratio >= 2.0 ? "High startup overhead" : ratio >= 1.1 ? "Overhead amortizing" : "True inference speed";
}

// One row a length: NSTEPS, one cell a platform.
template <typename Cell>
Table by_platform(const Comparison& comparison, const std::string& title, const std::string& what, Cell cell) {
  Table table{title, {{"NSTEPS", Align::right}}, {}};
  for (const std::string& name : comparison.names) table.columns.push_back({name + " " + what, Align::right});
  for (const ComparedLength& length : comparison.lengths) {
    auto& row = table.rows.emplace_back();
    row.push_back(fmt::to_string(length.nsteps));
    for (const auto& times : length.platforms) row.push_back(times ? cell(*times) : "");
  }
  return table;
}

Table step_table(const Comparison& comparison) {
  Table table = by_platform(comparison, "Per-Step Analysis", "Avg/Step",
                            [](const PlatformTimes& times) { return seconds(times.time_per_step); });
  table.columns.push_back({"Notes"});
  for (size_t i = 0; i < table.rows.size(); ++i) table.rows[i].push_back(step_note(comparison, comparison.lengths[i]));
  return table;
}

Table variance_table(const Comparison& comparison) {
  const std::vector<size_t> models = model_counts(comparison);
  const bool two = std::all_of(models.begin(), models.end(), [](size_t count) { return count == 2; });
  return by_platform(comparison, two ? "Variance Analysis (Model 0 vs Model 1)" : "Variance Analysis (between models)",
                     "Variance", [](const PlatformTimes& times) {
                       return fmt::format("{}s ({})", fixed(times.variance, 2), percent_text(times.variance_fraction));
                     });
}

bool any_price(const Comparison& comparison) {
  return std::any_of(comparison.files.begin(), comparison.files.end(),
                     [](const BenchmarkFile& file) { return file.price_per_hour.has_value(); });
}

Table cost_table(const Comparison& comparison) {
  const int nsteps = comparison.lengths[comparison.summary].nsteps;
  Table table{"Cost",
              {{"Platform"},
               {"Instance"},
               {"Price", Align::right},
               {fmt::format("NSTEPS={}", nsteps), Align::right},
               {"Whole Run", Align::right}},
              {}};
  for (size_t i = 0; i < comparison.files.size(); ++i) {
    const BenchmarkFile& file = comparison.files[i];
    auto& row = table.rows.emplace_back();
    row = {comparison.names[i], file.instance_type};
    if (!file.price_per_hour) continue;
    row.push_back(money(*file.price_per_hour) + "/h");
    row.push_back(money(*summary_times(comparison, i).cost));
    row.push_back(money(*file.price_per_hour * file.machine_time / 3600.0));
  }
  return table;
}

std::vector<Table> tables(const Comparison& comparison, Style style) {
  std::vector<Table> all{summary_table(comparison, style), detailed_table(comparison), step_table(comparison),
                         variance_table(comparison)};
  if (any_price(comparison)) all.push_back(cost_table(comparison));
  return all;
}

std::string finding(const Comparison& comparison) {
  const int nsteps = comparison.lengths[comparison.summary].nsteps;
  if (!comparison.winner) return fmt::format("the fastest platforms take the same time at NSTEPS={}.", nsteps);
  return fmt::format("{} is {} at NSTEPS={}.", comparison.names[*comparison.winner], winner_text(comparison), nsteps);
}

// {name: value} over the platforms that have the length.
template <typename Get>
Json platform_values(const Comparison& comparison, const ComparedLength& length, Get get) {
  Json values = Json::object();
  for (size_t i = 0; i < comparison.names.size(); ++i) {
    if (length.platforms[i]) values[comparison.names[i]] = get(*length.platforms[i]);
  }
  return values;
}

Json platforms_json(const Comparison& comparison) {
  Json list = Json::array();
  for (size_t i = 0; i < comparison.files.size(); ++i) {
    const BenchmarkFile& file = comparison.files[i];
    list.push_back({{"name", comparison.names[i]},
                    {"file", file.file.string()},
                    {"platform", file.platform},
                    {"runtime", file.runtime},
                    {"instance_type", file.instance_type},
                    {"run_date", file.run_date},
                    {"start_date", file.start_date},
                    {"nensemble", file.nensemble},
                    {"gpu", file.card},
                    {"gpus", file.cards},
                    {"total_time", file.total_time}});
  }
  return list;
}

Json summary_json(const Comparison& comparison) {
  const ComparedLength& length = comparison.lengths[comparison.summary];
  Json json = {
      {"nsteps", length.nsteps},
      {"time", platform_values(comparison, length, [](const auto& times) { return times.time; })},
      {"time_per_step", platform_values(comparison, length, [](const auto& times) { return times.time_per_step; })},
      {"winner", nullptr},
      {"faster", comparison.faster}};
  if (comparison.winner) json["winner"] = comparison.names[*comparison.winner];
  return json;
}

Json cost_json(const Comparison& comparison) {
  Json costs = Json::object();
  for (size_t i = 0; i < comparison.files.size(); ++i) {
    const BenchmarkFile& file = comparison.files[i];
    if (!file.price_per_hour) continue;
    costs[comparison.names[i]] = {{"price_per_hour", *file.price_per_hour},
                                  {"summary", *summary_times(comparison, i).cost},
                                  {"total", *file.price_per_hour * file.machine_time / 3600.0}};
  }
  return costs;
}

}  // namespace

std::string comparison_text(const Comparison& comparison) {
  std::string text;
  for (const Table& table : tables(comparison, Style::text)) text += as_text(table) + "\n";
  text += "Key finding: " + finding(comparison) + "\n";
  for (const std::string& note : comparison.notes) text += note + "\n";
  return text;
}

std::string comparison_markdown(const Comparison& comparison) {
  std::string text;
  for (const Table& table : tables(comparison, Style::markdown)) {
    text += as_markdown(table) + "\n";
    if (table.title == "Summary") text += "**Key Finding:** " + finding(comparison) + "\n\n";
  }
  for (const std::string& note : comparison.notes) text += note + "\n";
  return text;
}

std::string comparison_html(const Comparison& comparison) {
  const std::vector<Table> all = tables(comparison, Style::text);
  std::string summary = "<p>Key finding: " + escaped(finding(comparison)) + "</p>\n" + html_table(all.front());
  for (const std::string& note : comparison.notes) summary += "<p class=\"soft\">" + escaped(note) + "</p>\n";
  std::string charts, details;
  for (const ComparedLength& length : comparison.lengths) {
    std::vector<Bar> bars;
    for (size_t i = 0; i < length.platforms.size(); ++i) {
      if (!length.platforms[i]) continue;
      const double time = length.platforms[i]->time;
      bars.push_back({comparison.names[i], time, seconds(time)});
    }
    const std::string title = fmt::format("{} steps, {}", length.nsteps, forecast_text(length.forecast_hours));
    charts += "<h3>" + escaped(title) + "</h3>\n" + svg_bars("Seconds a model of " + title, bars);
  }
  for (size_t k = 1; k < all.size(); ++k) details += html_table(all[k]);
  std::string names;
  for (const std::string& name : comparison.names) names += (names.empty() ? "" : ", ") + name;
  return html_page("hens: " + names + " compared",
                   "The same job on " + plural(static_cast<int64_t>(comparison.names.size()), "platform"), names,
                   {{"summary", "Summary", summary}, {"times", "Times", charts}, {"details", "Details", details}});
}

Json comparison_json(const Comparison& comparison) {
  Json detailed = Json::array(), per_step = Json::array(), variance = Json::array();
  for (const ComparedLength& length : comparison.lengths) {
    const auto values = [&](auto get) { return platform_values(comparison, length, get); };
    detailed.push_back({{"nsteps", length.nsteps},
                        {"forecast_hours", length.forecast_hours},
                        {"inference_times", values([](const auto& times) { return times.inference_times; })},
                        {"time", values([](const auto& times) { return times.time; })}});
    per_step.push_back({{"nsteps", length.nsteps},
                        {"time_per_step", values([](const auto& times) { return times.time_per_step; })},
                        {"note", step_note(comparison, length)}});
    variance.push_back({{"nsteps", length.nsteps},
                        {"seconds", values([](const auto& times) { return times.variance; })},
                        {"fraction", values([](const auto& times) { return times.variance_fraction; })}});
  }
  Json json = {{"platforms", platforms_json(comparison)},
               {"summary", summary_json(comparison)},
               {"detailed", detailed},
               {"per_step", per_step},
               {"variance", variance}};
  if (any_price(comparison)) json["cost"] = cost_json(comparison);
  json["notes"] = comparison.notes;
  return json;
}

}  // namespace hens
