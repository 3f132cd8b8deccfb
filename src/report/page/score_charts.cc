#include "report/page/score_charts.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "report/page/chart.h"
#include "report/table.h"

namespace hens {
namespace {

using nlohmann::json;

constexpr uint64_t largest_scores = uint64_t{256} << 20;
constexpr size_t most_charts = 36;

// The entries of one variable and region, of all models together or of the only one, by lead time.
using Group = std::map<double, const json*>;

std::map<std::pair<std::string, std::string>, Group> groups_of(const json& entries) {
  const bool all = std::ranges::any_of(entries, [](const json& entry) { return entry.at("model") == "all"; });
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (const json& entry : entries) {
    if (all ? entry.at("model") != "all" : entry.at("model") != 0) continue;
    groups[{entry.at("variable"), entry.at("region")}].emplace(entry.at("lead_hours").get<double>(), &entry);
  }
  return groups;
}

std::string title(const json& entry, const std::string& what) {
  return fmt::format("{}, {}: {}", entry.at("variable").get<std::string>(), entry.at("region").get<std::string>(),
                     what);
}

std::string lead_note(const json& entry) {
  return fmt::format("Lead time {}, {} members.", forecast_text(entry.at("lead_hours")),
                     entry.at("members").at(1).get<int64_t>());
}

PageChart skill_chart(const Group& group) {
  std::vector<double> hours;
  std::vector<std::vector<double>> series(3);
  constexpr const char *names[] = {"rmse", "spread", "crps"}, *words[] = {"RMSE of the mean", "spread", "CRPS"},
                       *styles[] = {"a", "b", "c"};
  double highest = 0.0;
  for (const auto& [lead, entry] : group) {
    hours.push_back(lead);
    for (size_t k = 0; k < series.size(); ++k) {
      series[k].push_back(entry->at("scores").value(names[k], NAN));
      if (std::isfinite(series[k].back())) highest = std::max(highest, series[k].back());
    }
  }
  const json& last = *group.rbegin()->second;
  const std::string units = last.at("units");
  Chart chart(fmt::format("Spread and skill of {} by lead time, at most {:.4g} {}.",
                          last.at("variable").get<std::string>(), highest, units),
              lead_axis(hours.front(), hours.back()), round_axis(units, 0.0, highest));
  for (size_t k = 0; k < series.size(); ++k) {
    chart.line(hours, series[k], styles[k]);
    for (size_t at = 0; at < hours.size(); ++at) chart.dot(hours[at], series[k][at], 3.0, styles[k]);
    chart.key(words[k], styles[k]);
  }
  return {title(last, "spread and skill"), "", chart.svg()};
}

PageChart rank_chart(const json& entry) {
  const std::vector<double> shares = entry.at("rank_histogram").at("shares").get<std::vector<double>>();
  const auto count = static_cast<double>(shares.size());
  double highest = 0.0;
  for (const double share : shares) highest = std::max(highest, share * count);
  Chart chart(fmt::format("Rank histogram with {} classes; the fullest has {:.3g} times the share of a flat one.",
                          shares.size(), highest),
              round_axis("Rank of the truth among the members", 0.0, 1.0, 5),
              round_axis("share, flat = 1", 0.0, highest));
  for (size_t k = 0; k < shares.size(); ++k) {
    chart.bar((static_cast<double>(k) + 0.08) / count, (static_cast<double>(k) + 0.92) / count, shares[k] * count, "a");
  }
  chart.line(std::vector{0.0, 1.0}, std::vector{1.0, 1.0}, "reference");
  return {title(entry, "rank histogram"), lead_note(entry), chart.svg()};
}

PageChart reliability_chart(const json& entry, const json& event) {
  Chart chart("Reliability: observed frequency by forecast probability; the diagonal is perfect.",
              round_axis("Forecast probability", 0.0, 1.0, 5), round_axis("Observed frequency", 0.0, 1.0, 5));
  chart.line(std::vector{0.0, 1.0}, std::vector{0.0, 1.0}, "reference");
  std::vector<double> forecast, observed;
  for (const json& category : event.at("reliability_curve")) {
    forecast.push_back(category.at("probability"));
    observed.push_back(category.at("frequency"));
    chart.dot(forecast.back(), observed.back(), 2.5 + 9.0 * std::sqrt(category.at("share").get<double>()), "a");
  }
  chart.line(forecast, observed, "a");
  chart.key("larger dots: more of the points", "a");
  const std::string what = fmt::format("reliability of {} {:g} {}", event.at("comparison").get<std::string>(),
                                       event.at("threshold").get<double>(), entry.at("units").get<std::string>());
  return {title(entry, what), lead_note(entry), chart.svg()};
}

std::vector<PageChart> charts_of(const json& scores) {
  std::vector<PageChart> skills, others;
  for (const auto& [key, group] : groups_of(scores.at("entries"))) {
    skills.push_back(skill_chart(group));
    const json& last = *group.rbegin()->second;
    if (last.contains("rank_histogram")) others.push_back(rank_chart(last));
    if (!last.contains("events")) continue;
    for (const json& event : last.at("events")) {
      if (!event.at("reliability_curve").empty()) others.push_back(reliability_chart(last, event));
    }
  }
  skills.insert(skills.end(), others.begin(), others.end());
  if (skills.size() > most_charts) skills.resize(most_charts);
  return skills;
}

}  // namespace

std::vector<PageChart> score_charts(const fs::path& run_folder, const Manifest& manifest) {
  const fs::path file = run_folder / "scores.json";
  std::error_code none;
  if (!fs::exists(file, none)) return {};
  const json scores = parse_json(read_file(file, largest_scores), file.string());
  try {
    if (scores.at("run").at("forecast_hash") != manifest.forecast_hash) {
      fail(ExitCode::bad_input, "{}: is of another run than this folder's; score the run again", file.string());
    }
    return charts_of(scores);
  } catch (const json::exception& error) {
    fail(ExitCode::bad_input, "{}: is not as `hens score` writes it: {}; score the run again", file.string(),
         error.what());
  }
}

}  // namespace hens
