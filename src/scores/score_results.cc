#include "scores/score_results.h"

#include <fmt/format.h>

#include "base/version.h"
#include "grid/channels.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

double hours_of(Duration lead) { return std::chrono::duration<double, std::ratio<3600>>(lead).count(); }

Json model_json(const std::optional<int>& model) { return model ? Json(*model) : Json("all"); }

Json named(const std::vector<Score>& scores) {
  Json json = Json::object();
  for (const Score& score : scores) json[score.name] = score.value;
  return json;
}

Json event_json(const EventEntry& event) {
  Json reliability = Json::array(), roc = Json::array();
  for (const ProbabilityCategory& category : event.reliability) {
    reliability.push_back({{"probability", category.probability},
                           {"frequency", category.occurred / category.weight},
                           {"share", category.weight}});
  }
  for (const RocPoint& point : event.roc) roc.push_back(Json::array({point.false_alarm_rate, point.hit_rate}));
  return {{"threshold", event.threshold.value},
          {"comparison", event.threshold.comparison == Exceedance::at_least ? ">=" : ">"},
          {"base_rate", event.base_rate},
          {"reliability_curve", reliability},
          {"roc_curve", roc}};
}

Json entry_json(const RunScores& all, const ScoreEntry& entry) {
  const std::vector<Time>& initial = all.run.spec.initial_conditions.times;
  Json times = Json::array(), best = Json::array(), events = Json::array();
  for (const size_t time : entry.times) times.push_back(iso_time(initial[time]));
  for (const BestMemberEntry& member : entry.best_members) {
    best.push_back({{"initial_time", iso_time(initial[member.time])},
                    {"model", member.model},
                    {"member", member.member},
                    {"rmse", member.rmse}});
  }
  for (const EventEntry& event : entry.events) events.push_back(event_json(event));
  Json json{{"variable", entry.variable},
            {"units", channel_info(entry.variable).units},
            {"lead_hours", hours_of(entry.lead)},
            {"model", model_json(entry.model)},
            {"region", entry.region},
            {"from", entry.from_members ? "members" : "statistics"},
            {"initial_times", times},
            {"members", Json::array({entry.least_members, entry.most_members})},
            {"scores", named(entry.scores)}};
  if (!entry.bounds.empty()) json["bounds"] = named(entry.bounds);
  if (entry.ranks) {
    json["rank_histogram"] = {
        {"members", entry.ranks->members}, {"points", entry.ranks->points}, {"shares", entry.ranks->shares}};
  } else if (!entry.no_ranks.empty()) {
    json["no_rank_histogram"] = entry.no_ranks;
  }
  if (!events.empty()) json["events"] = events;
  if (!best.empty()) json["best_members"] = best;
  return json;
}

Json files_json(const std::vector<SourceRecord>& files) {
  Json json = Json::array();
  for (const SourceRecord& file : files) json.push_back(to_json(file));
  return json;
}

Json truth_json(const RunScores& scores) {
  Json missing = Json::array();
  for (const MissingTruth& one : scores.missing) {
    missing.push_back({{"variable", one.variable}, {"valid_time", iso_time(one.valid_time)}, {"why", one.why}});
  }
  return {{"source", scores.truth}, {"files", files_json(scores.truth_files)}, {"missing", missing}};
}

Json run_json(const RunScores& scores) {
  return {{"name", scores.run.spec.name},
          {"forecast_hash", scores.run.forecast_hash},
          {"models", scores.run.model_names},
          {"steps", scores.run.spec.forecast.steps[static_cast<size_t>(scores.length)]},
          {"members_planned", scores.planned},
          {"members_complete", scores.complete}};
}

}  // namespace

const std::vector<std::pair<std::string, std::string>>& score_definitions() {
  static const std::vector<std::pair<std::string, std::string>> definitions{
      {"crps", "mean |x - y| - sum_ij |x_i - x_j| / (2 M^2): the integral of (F - H)^2; units of the variable"},
      {"crps_fair", "mean |x - y| - sum_ij |x_i - x_j| / (2 M (M - 1)); units of the variable"},
      {"rmse", "root of the mean squared error of the ensemble mean; units of the variable"},
      {"mae", "mean absolute error of the ensemble mean; units of the variable"},
      {"bias", "mean of ensemble mean minus truth; units of the variable"},
      {"spread", "root of the mean variance of the members, divided by M - 1; units of the variable"},
      {"spread_skill", "spread / rmse"},
      {"spread_skill_corrected", "spread / rmse times sqrt((M + 1) / M), which is 1 for a reliable ensemble"},
      {"acc", "correlation of the anomalies of ensemble mean and truth from the climatology, about their means"},
      {"outlier_share",
       "share of points, not weighted, whose truth lies outside of all members; 2 / (M + 1) is reliable"},
      {"best_member_rmse", "root mean squared error of the member with the smallest; units of the variable"},
      {"brier", "mean of (p - o)^2, p the share of members of the event, o 1 where the truth is one"},
      {"brier_reliability", "part of brier that better calibrated probabilities would not have"},
      {"brier_resolution", "what telling occasions apart takes off"},
      {"brier_uncertainty", "brier of the event's own frequency: brier = reliability - resolution + uncertainty"},
      {"roc_area", "area under the curve of hit rates over false alarm rates; 0.5 tells nothing"},
      {"crps_above", "crps of max(x, threshold) and max(y, threshold): that of values above it"}};
  return definitions;
}

std::string scores_json(const RunScores& scores) {
  Json regions = Json::array(), notes = Json::array(), entries = Json::array(), definitions = Json::object();
  for (const RegionBox& box : scores.regions) {
    regions.push_back({{"name", box.name},
                       {"lat_min", box.lat_min},
                       {"lat_max", box.lat_max},
                       {"lon_min", box.lon_min},
                       {"lon_max", box.lon_max}});
  }
  for (const ScoreNote& note : scores.notes) {
    notes.push_back({{"variable", note.variable}, {"what", note.what}, {"why", note.why}});
  }
  for (const ScoreEntry& entry : scores.entries) entries.push_back(entry_json(scores, entry));
  for (const auto& [name, text] : score_definitions()) definitions[name] = text;
  Json json{{"schema_version", 1},
            {"kind", "hens scores"},
            {"hens_version", version},
            {"run", run_json(scores)},
            {"truth", truth_json(scores)}};
  if (!scores.climatology.empty()) {
    json["climatology"] = {{"source", scores.climatology}, {"files", files_json(scores.climatology_files)}};
  }
  if (scores.extremes) {
    json["climate"] = {{"source", scores.climate}, {"files", files_json(scores.climate_files)}};
    json["extremes"] = {
        {"path", scores.extremes->path}, {"bytes", scores.extremes->bytes}, {"sha256", scores.extremes->sha256}};
  }
  json["regions"] = regions;
  json["weights"] = "max(cos(latitude), 0) over its mean, in all scores but ranks and outliers, which count points";
  json["definitions"] = definitions;
  json["notes"] = notes;
  json["entries"] = entries;
  return json.dump(1) + "\n";
}

std::string scores_csv(const RunScores& scores) {
  std::string text = "model,variable,lead_hours,region,score,value\n";
  for (const ScoreEntry& entry : scores.entries) {
    const std::string model = entry.model ? fmt::format("{}", *entry.model) : "all";
    for (const Score& score : entry.scores) {
      text += fmt::format("{},{},{},{},{},{}\n", model, entry.variable, hours_of(entry.lead), entry.region, score.name,
                          score.value);
    }
  }
  return text;
}

}  // namespace hens
