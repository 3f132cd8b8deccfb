#include "scores/score_run.h"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/nearest.h"
#include "base/stop.h"
#include "run/layout.h"
#include "run/merge_statistics.h"
#include "run/run_folder.h"
#include "run/run_parts.h"
#include "scores/climate.h"
#include "scores/climatology.h"
#include "scores/extreme_store.h"
#include "scores/member_scores.h"
#include "scores/statistics_scores.h"

namespace hens {
namespace {

// Where the fields of one (variable, lead) lie.
struct Place {
  bool members = false;
  int output = 0, variable = 0, lead = 0;  // of members: indices into spec.output, and of the store
  int pair = 0;                            // of statistics
};
const std::string only_global = ", and whole fields alone are scored; --region scores a part of them";
using Places = std::map<std::pair<std::string, Duration>, Place>;  // ordered by variable and lead

int length_index(const JobSpec& spec, int steps) {
  const std::vector<int>& all = spec.forecast.steps;
  if (steps == 0) return static_cast<int>(std::ranges::max_element(all) - all.begin());
  const auto found = std::ranges::find(all, steps);
  if (found != all.end()) return static_cast<int>(found - all.begin());
  fail(ExitCode::bad_spec, "--steps {}: the run has roll-outs of {} steps", steps, fmt::join(all, ", "));
}

class Scorer {
 public:
  Scorer(const std::vector<fs::path>& folders, const ScoreOptions& options, Downloader& downloader, Log& log)
      : folders_(folders), options_(options), log_(log), result_{common_manifest(folders)} {
    result_.length = length_index(spec(), options.steps);
    result_.regions = options.regions, result_.climatology = options.climatology, result_.climate = options.climate;
    for (const RegionBox& box : options.regions) regions_.emplace_back(box, result_.run.grid);
    find_complete();
    find_places();
    if (options.truth) {
      result_.truth = options.truth->text;
      truth_.emplace(*options.truth, spec().initial_conditions, options.check, downloader, log);
    }
    if (!options.climate.empty()) open_extremes();
    if (!options.climatology.empty()) climatology_.emplace(options.climatology, spec().initial_conditions.gravity);
  }

  RunScores run() {
    double done = 0.0;
    for (const auto& [what, place] : places_) {
      stop_if_requested();
      if (truth_) score(what.first, what.second, place);
      if (climate_) index(what.first, what.second, place);
      log_.progress("scores", ++done, static_cast<double>(places_.size()), "variables and lead times");
    }
    if (truth_) result_.truth_files = truth_->records(), result_.missing = truth_->missing();
    if (climatology_) result_.climatology_files = climatology_->records();
    if (truth_ && result_.entries.empty()) {
      const std::string first = result_.missing.empty() ? "" : ": " + result_.missing.front().why;
      fail(ExitCode::missing_input, "{}: none of its valid times has a truth yet{}", result_.truth, first);
    }
    if (climate_) publish_extremes();
    return std::move(result_);
  }

 private:
  const JobSpec& spec() const { return result_.run.spec; }
  size_t times() const { return spec().initial_conditions.times.size(); }
  int models() const { return static_cast<int>(spec().models.size()); }

  void find_complete();
  std::vector<const PartReader*> parts_of(int model, size_t time) const;
  void find_places();
  void check_wanted(const std::set<std::string>& variables, const std::set<Duration>& leads) const;
  bool is_wanted(const std::string& variable, Duration lead) const;
  std::vector<Threshold> thresholds_of(const std::string& variable) const;
  std::optional<TruthFields> truth_at(const std::string& variable, Duration lead, size_t time);
  void score(const std::string& variable, Duration lead, const Place& place);
  ModelFields fields_of(int model, size_t time, const Place& place);
  void score_members(ScoreFrame frame, const Place& place);
  void score_statistics(ScoreFrame frame, const Place& place);
  void note_gaps(const std::string& variable, const PairPlan& plan);
  void open_extremes();
  void index(const std::string& variable, Duration lead, const Place& place);
  std::optional<ExtremeFields> extremes_at(const Place& place, size_t time, const ClimateQuantiles& climate);
  void publish_extremes();

  std::vector<fs::path> folders_;
  const ScoreOptions& options_;
  Log& log_;
  RunScores result_;
  std::vector<ScoreRegion> regions_;
  std::map<Forecast, std::map<int, size_t>> complete_;  // members by their markers, and the folder each is in
  std::vector<std::vector<RunStore>> stores_;           // [folder]
  std::vector<RunParts> parts_;                         // [folder]
  std::vector<StatisticsPair> pairs_;
  Places places_;
  std::optional<Truth> truth_;
  std::optional<Climatology> climatology_;
  std::unique_ptr<Climate> climate_;
  std::optional<ExtremeStore> extremes_;
  int64_t extreme_fields_ = 0;  // initial times with an index
  std::set<std::string> noted_;
};

// Members count by their markers, statistics by their parts: each is complete in itself.
void Scorer::find_complete() {
  const WorkPlan plan(spec());
  result_.planned = static_cast<int64_t>(plan.per_model_and_length()) * models();
  for (size_t folder = 0; folder < folders_.size(); ++folder) {
    const std::vector<bool> marked =
        spec().output.empty() ? std::vector<bool>() : marked_members(folders_[folder], plan);
    for (size_t number = 0; number < marked.size(); ++number) {
      const MemberId task = plan.task(number);
      if (!marked[number] || task.length != result_.length) continue;
      result_.complete += complete_[forecast_of(task, "")].try_emplace(task.member, folder).second ? 1 : 0;
    }
    parts_.emplace_back(folders_[folder], result_.run);
    for (const UnusableFile& file : parts_.back().damaged()) {
      const std::string path = (folders_[folder] / file.path).string();
      log_.warn("part_damaged", {{"path", path}, {"message", path + ": " + file.why}});
    }
  }
  if (!spec().statistics.empty()) pairs_ = statistics_pairs(spec(), result_.length, "");
  if (!complete_.empty()) return;
  for (int model = 0; model < models(); ++model) {
    for (size_t time = 0; time < times(); ++time) {
      for (const PartReader* part : parts_of(model, time)) result_.complete += part->header().members.size();
    }
  }
}

std::vector<const PartReader*> Scorer::parts_of(int model, size_t time) const {
  std::vector<const PartReader*> all;
  for (const RunParts& folder : parts_) {
    const auto some = folder.parts({result_.length, model, static_cast<int>(time)});
    all.insert(all.end(), some.begin(), some.end());
  }
  refuse_overlaps(all);
  return all;
}

// Members first: they tell more. Of several outputs that have a field the first is taken.
void Scorer::find_places() {
  std::set<std::string> variables;
  std::set<Duration> leads;
  const auto put = [&](const std::string& variable, Duration lead, const Place& place) {
    variables.insert(variable), leads.insert(lead);
    if (is_wanted(variable, lead)) places_.try_emplace({variable, lead}, place);
  };
  const bool members = options_.from != ScoreFrom::statistics && !complete_.empty();
  for (int k = 0; members && k < static_cast<int>(spec().output.size()); ++k) {
    const OutputSpec& output = spec().output[static_cast<size_t>(k)];
    if (!output.region.empty()) {
      result_.notes.push_back({"", "output " + output.name, "it is of region " + output.region + only_global});
      continue;
    }
    const std::vector<Duration> stored =
        output_leads(output, spec().forecast.steps[static_cast<size_t>(result_.length)]);
    for (int v = 0; v < static_cast<int>(output.variables.size()); ++v) {
      for (int l = 0; l < static_cast<int>(stored.size()); ++l) {
        put(output.variables[static_cast<size_t>(v)], stored[static_cast<size_t>(l)], {true, k, v, l});
      }
    }
  }
  for (const std::string& region : statistics_regions(spec())) {
    if (region.empty()) continue;
    result_.notes.push_back({"", "statistics of region " + region, "they are of that region" + only_global});
  }
  const bool parts = std::ranges::any_of(parts_, [](const RunParts& folder) { return folder.count() > 0; });
  if (options_.from != ScoreFrom::members && parts) {
    for (int k = 0; k < static_cast<int>(pairs_.size()); ++k) {
      const StatisticsPair& pair = pairs_[static_cast<size_t>(k)];
      if (pair.plan.reduce == Reduce::none) {
        put(pair.variable, pair.lead, {.pair = k});
      } else if (noted_.insert(pair.name).second && is_wanted(pair.variable, pair.lead)) {
        result_.notes.push_back({pair.name, "all scores", "it is of windows, and the truth is of single times"});
      }
    }
  }
  if (variables.empty()) {
    fail(ExitCode::missing_input,
         "{}: there is nothing to score: no member of {} steps with fields of the globe is complete in it{}, and its "
         "job "
         "keeps {}; `hens run` the job, or say --from members|statistics otherwise",
         folders_.front().string(), spec().forecast.steps[static_cast<size_t>(result_.length)],
         spec().output.empty() ? " (its job stores none)" : "",
         spec().statistics.empty() ? "no statistics" : "statistics of which no part is there");
  }
  check_wanted(variables, leads);
  if (result_.complete < result_.planned) {
    const std::string what =
        fmt::format("{} of {} members are complete: only they are scored", result_.complete, result_.planned);
    log_.warn("unfinished_run", {{"message", what}});
    result_.notes.push_back({"", "unfinished run", what});
  }
}

bool Scorer::is_wanted(const std::string& variable, Duration lead) const {
  const auto in = [](const auto& list, const auto& value) {
    return list.empty() || std::ranges::find(list, value) != list.end();
  };
  return in(options_.variables, variable) && in(options_.leads, lead);
}

void Scorer::check_wanted(const std::set<std::string>& variables, const std::set<Duration>& leads) const {
  const std::vector<std::string> known(variables.begin(), variables.end());
  const auto require = [&](const std::string& option, const std::string& name) {
    if (variables.contains(name)) return;
    fail(ExitCode::bad_spec, "{} {}: the run has no such fields{}: there are {}", option, name,
         did_you_mean(name, known), fmt::join(known, " "));
  };
  for (const std::string& name : options_.variables) require("--variables", name);
  for (const auto& [name, thresholds] : options_.thresholds) require("--threshold", name);
  std::vector<std::string> texts;
  for (const Duration lead : leads) texts.push_back(duration_text(lead));
  for (const Duration lead : options_.leads) {
    if (leads.contains(lead)) continue;
    fail(ExitCode::bad_spec, "--leads {}: the run has no fields at that lead time: there are {}", duration_text(lead),
         fmt::join(texts, " "));
  }
  if (places_.empty()) fail(ExitCode::bad_spec, "--variables, --leads: the run has no field of both together");
}

// Those of the command line, and those that the spec counts.
std::vector<Threshold> Scorer::thresholds_of(const std::string& variable) const {
  std::vector<Threshold> all;
  const auto put = [&](const Threshold& threshold) {
    if (std::ranges::find(all, threshold) == all.end()) all.push_back(threshold);
  };
  for (const StatisticsSpec& entry : spec().statistics) {
    if (entry.reduce != Reduce::none) continue;
    if (std::ranges::find(entry.variables, variable) == entry.variables.end()) continue;
    for (const double value : entry.thresholds) put({static_cast<float>(value), entry.comparison});
  }
  if (const auto given = options_.thresholds.find(variable); given != options_.thresholds.end()) {
    for (const Threshold& threshold : given->second) put(threshold);
  }
  return all;
}

std::optional<TruthFields> Scorer::truth_at(const std::string& variable, Duration lead, size_t time) {
  const Time valid = spec().initial_conditions.times[time] + lead;
  auto field = truth_->field(variable, valid, result_.run.grid);
  if (!field) return std::nullopt;
  TruthFields fields{std::move(*field), {}};
  if (climatology_) fields.climate = climatology_->field(variable, valid, result_.run.grid);
  return fields;
}

void Scorer::score(const std::string& variable, Duration lead, const Place& place) {
  ScoreFrame frame{variable, lead, &result_.run.grid, &regions_, thresholds_of(variable)};
  if (place.members) return score_members(std::move(frame), place);
  score_statistics(std::move(frame), place);
}

ModelFields Scorer::fields_of(int model, size_t time, const Place& place) {
  while (stores_.size() < folders_.size()) {
    stores_.push_back(open_stores(folders_[stores_.size()], spec(), result_.run.facts()));
  }
  ModelFields fields{model, {}, {}};
  const auto complete = complete_.find({result_.length, model, static_cast<int>(time)});
  if (complete == complete_.end()) return fields;
  const auto is_it = [&](const RunStore& store) {
    return store.length == result_.length && store.model == model && store.output == place.output;
  };
  for (const auto& [member, folder] : complete->second) {
    const auto store = std::ranges::find_if(stores_[folder], is_it);
    fields.members.push_back(member);
    fields.fields.push_back({store->store.get(), place.variable, static_cast<int>(time), member, place.lead,
                             fmt::format("{}: member {}", (folders_[folder] / store->folder).string(), member)});
  }
  return fields;
}

void Scorer::score_members(ScoreFrame frame, const Place& place) {
  MemberScores scores(frame, models(), climatology_.has_value());
  for (size_t time = 0; time < times(); ++time) {
    std::vector<ModelFields> ensemble;
    for (int model = 0; model < models(); ++model) {
      if (ModelFields fields = fields_of(model, time, place); !fields.members.empty())
        ensemble.push_back(std::move(fields));
    }
    if (ensemble.empty()) continue;
    const auto truth = truth_at(frame.variable, frame.lead, time);
    if (truth) scores.add_time(time, ensemble, *truth, options_.limits);
  }
  for (ScoreEntry& entry : scores.entries()) result_.entries.push_back(std::move(entry));
}

void Scorer::score_statistics(ScoreFrame frame, const Place& place) {
  const PairPlan& plan = pairs_[static_cast<size_t>(place.pair)].plan;
  for (const Threshold& threshold : frame.thresholds) {
    const std::string event = frame.variable + threshold_text(threshold);
    if (std::ranges::find(plan.thresholds, threshold) != plan.thresholds.end() || !noted_.insert(event).second)
      continue;
    result_.notes.push_back(
        {frame.variable, "brier" + threshold_text(threshold),
         "thresholds: the statistics do not count that event; only those that they name can be scored"});
  }
  frame.thresholds = plan.counts_events_of_numbers() ? plan.thresholds : std::vector<Threshold>{};
  note_gaps(frame.variable, plan);
  StatisticsScores scores(frame, pairs_, place.pair, models(), climatology_.has_value());
  for (size_t time = 0; time < times(); ++time) {
    std::vector<ModelParts> ensemble;
    for (int model = 0; model < models(); ++model) {
      auto parts = parts_of(model, time);
      if (!parts.empty()) ensemble.push_back({model, std::move(parts)});
    }
    if (ensemble.empty()) continue;
    if (const auto truth = truth_at(frame.variable, frame.lead, time)) scores.add_time(time, ensemble, *truth);
  }
  for (ScoreEntry& entry : scores.entries()) result_.entries.push_back(std::move(entry));
}

void Scorer::note_gaps(const std::string& variable, const PairPlan& plan) {
  for (const ScoreGap& gap : gaps_of(plan, variable)) {
    if (noted_.insert(variable + gap.scores).second) result_.notes.push_back({variable, gap.scores, gap.needs});
  }
}

void Scorer::open_extremes() {
  climate_ = open_climate(options_.climate, result_.run);
  ExtremeLayout layout{fmt::format("{}: how extreme the forecasts are", spec().name),
                       result_.run.grid,
                       spec().initial_conditions.times,
                       {},
                       {}};
  std::set<Duration> leads;
  std::set<std::string> variables;
  for (const auto& [what, place] : places_) variables.insert(what.first), leads.insert(what.second);
  layout.leads.assign(leads.begin(), leads.end()), layout.variables.assign(variables.begin(), variables.end());
  extremes_.emplace(options_.output / "efi.nc", layout);
}

// The index of all models' members together.
void Scorer::index(const std::string& variable, Duration lead, const Place& place) {
  const auto note = [&](const std::string& why) {
    if (noted_.insert(variable + why).second) result_.notes.push_back({variable, "efi, sot90, sot10", why});
  };
  if (!place.members && !pairs_[static_cast<size_t>(place.pair)].plan.histogram) {
    return note("quantiles: [0.5]: the statistics keep no histogram");
  }
  for (size_t time = 0; time < times(); ++time) {
    const Time valid = spec().initial_conditions.times[time] + lead;
    const auto climate = climate_->quantiles(variable, lead, valid);
    if (!climate) return note("the climate has no quantiles of it, or not at all lead times");
    if (const auto fields = extremes_at(place, time, *climate)) {
      extremes_->put(variable, lead, time, *fields);
      ++extreme_fields_;
    }
  }
}

// None where no member is complete.
std::optional<ExtremeFields> Scorer::extremes_at(const Place& place, size_t time, const ClimateQuantiles& climate) {
  std::vector<MemberField> fields;
  std::vector<PartSource> parts;
  for (int model = 0; model < models(); ++model) {
    if (place.members) {
      const ModelFields own = fields_of(model, time, place);
      fields.insert(fields.end(), own.fields.begin(), own.fields.end());
    } else {
      for (const PartReader* part : parts_of(model, time)) parts.push_back({part, 0});
    }
  }
  if (!fields.empty()) return extremes_of_members(fields, result_.run.grid, options_.limits, climate);
  if (!parts.empty()) return extremes_of_parts(parts, pairs_, place.pair, result_.run.grid.points(), climate);
  return std::nullopt;
}

void Scorer::publish_extremes() {
  if (extreme_fields_ == 0) {
    fail(ExitCode::missing_input, "--climate {}: has no quantiles of any of the run's variables at its lead times",
         options_.climate);
  }
  result_.extremes = extremes_->publish();
  result_.climate_files = climate_->records();
}

}  // namespace

RunScores score_run(const std::vector<fs::path>& folders, const ScoreOptions& options, Downloader& downloader,
                    Log& log) {
  return Scorer(folders, options, downloader, log).run();
}

}  // namespace hens
