#include "report/run_summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.h"

namespace hens {
namespace {

void check_entry(const MemberEntry& entry, const JobSpec& spec) {
  const MemberTime& time = entry.time;
  const MemberId& id = entry.id;
  const auto inside = [](int index, size_t size) { return index >= 0 && static_cast<size_t>(index) < size; };
  if (!inside(id.length, spec.forecast.steps.size()) || !inside(id.model, spec.models.size())) {
    fail(ExitCode::bad_input,
         "run.json: members: length {} of model {} is not in the spec, which has {} lengths and {} models; rebuild it "
         "with `hens report`",
         id.length, id.model, spec.forecast.steps.size(), spec.models.size());
  }
  for (const double seconds : {time.perturbation, time.steps, time.output_wait, time.total}) {
    if (!(seconds >= 0.0) || std::isinf(seconds)) {
      fail(ExitCode::bad_input, "run.json: members: member {} of model {} has a time of {} s; 0 or more was expected",
           id.member, id.model, seconds);
    }
  }
}

double seconds_between(Moment from, Moment to) { return std::chrono::duration<double>(to - from).count(); }

void add_entry(ModelSummary& model, const MemberEntry& entry) {
  if (entry.state == MemberState::failed) ++model.failed;
  if (entry.state != MemberState::complete) return;
  ++model.complete;
  model.inference += entry.time.total;
  model.perturbation += entry.time.perturbation;
  model.steps += entry.time.steps;
  model.output_wait += entry.time.output_wait;
}

}  // namespace

bool LengthSummary::complete() const {
  return !models.empty() && std::all_of(models.begin(), models.end(), [](const ModelSummary& model) {
    return model.planned > 0 && model.complete == model.planned;
  });
}

double LengthSummary::mean_inference() const {
  double sum = 0.0;
  for (const ModelSummary& model : models) sum += model.inference;
  return sum / static_cast<double>(models.size());
}

double LengthSummary::mean_time_per_step() const { return mean_inference() / nsteps; }

double time_per_member_step(const ModelSummary& model, int nsteps) {
  return model.complete == 0 ? 0.0 : model.inference / (static_cast<double>(model.complete) * nsteps);
}

std::vector<LengthSummary> summarise_lengths(const Manifest& manifest) {
  std::vector<LengthSummary> lengths;
  ModelSummary none;
  none.planned = static_cast<int64_t>(WorkPlan(manifest.spec).per_model_and_length());
  for (const int nsteps : manifest.spec.forecast.steps) {
    lengths.push_back({nsteps, std::vector<ModelSummary>(manifest.spec.models.size(), none)});
  }
  for (const MemberEntry& entry : manifest.members) {
    check_entry(entry, manifest.spec);
    add_entry(lengths[entry.id.length].models[entry.id.model], entry);
  }
  return lengths;
}

MemberCounts count_members(const Manifest& manifest) {
  MemberCounts counts;
  counts.planned = static_cast<int64_t>(WorkPlan(manifest.spec).size());
  for (const MemberEntry& entry : manifest.members) {
    if (entry.state == MemberState::complete) ++counts.complete;
    if (entry.state == MemberState::failed) ++counts.failed;
  }
  return counts;
}

Attempt last_attempt(const Manifest& manifest) {
  return manifest.attempts.empty() ? Attempt{} : manifest.attempts.back();
}

std::vector<double> attempt_seconds(const Manifest& manifest) {
  std::map<int, Moment> last_member;  // by attempt
  for (const MemberEntry& entry : manifest.members) {
    if (!entry.finished) continue;
    Moment& last = last_member.try_emplace(entry.attempt, Moment::min()).first->second;
    last = std::max(last, *entry.finished);
  }
  std::vector<double> all;
  for (const Attempt& attempt : manifest.attempts) {
    const auto total = attempt.stages.seconds.find("total");
    const auto last = last_member.find(attempt.number);
    if (total != attempt.stages.seconds.end()) {
      all.push_back(total->second);
    } else if (last != last_member.end()) {
      all.push_back(std::max(0.0, seconds_between(parse_moment(attempt.started), last->second)));
    } else {
      all.push_back(0.0);
    }
  }
  return all;
}

RunTime run_time(const Manifest& manifest) {
  RunTime time;
  const std::vector<double> seconds = attempt_seconds(manifest);
  std::vector<std::pair<double, double>> spans;  // of the attempts: start and end, seconds since 1970
  for (size_t k = 0; k < seconds.size(); ++k) {
    const Attempt& attempt = manifest.attempts[k];
    const double start = seconds_between(Moment(), parse_moment(attempt.started));
    spans.emplace_back(start, start + seconds[k]);
    time.machine += seconds[k];
    if (!attempt.exit_code) ++time.open_ends;
  }
  std::sort(spans.begin(), spans.end());
  double counted_to = 0.0;
  for (const auto& [start, end] : spans) {
    time.wall += std::max(0.0, end - std::max(start, counted_to));
    counted_to = std::max(counted_to, end);
  }
  return time;
}

double total_cost(const Manifest& manifest) {
  return manifest.spec.runtime.price_per_hour * run_time(manifest).machine / 3600.0;
}

std::optional<RunEnergy> run_energy(const Manifest& manifest) {
  RunEnergy energy;
  bool any = false;
  for (const Attempt& attempt : manifest.attempts) {
    if (!attempt.energy_joules) {
      energy.whole &= attempt.exit_code.has_value() && !attempt.stages.seconds.contains("members");
      continue;
    }
    any = true;
    energy.joules += *attempt.energy_joules;
    energy.member_steps += attempt.work.member_steps;
  }
  return any ? std::optional(energy) : std::nullopt;
}

uint64_t output_bytes(const Manifest& manifest) {
  uint64_t bytes = 0;
  for (const MemberEntry& entry : manifest.members) bytes += entry.bytes;
  return bytes;
}

}  // namespace hens
