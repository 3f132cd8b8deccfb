#include "report/run_summary.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace hens {
namespace {

void check_entry(const MemberEntry& entry, const JobSpec& spec) {
  const MemberTime& time = entry.time;
  const auto inside = [](int index, size_t size) { return index >= 0 && static_cast<size_t>(index) < size; };
  if (!inside(time.length, spec.forecast.steps.size()) || !inside(time.model, spec.models.size())) {
    fail(ExitCode::bad_input,
         "run.json: members: length {} of model {} is not in the spec, which has {} lengths and {} models; rebuild it "
         "with `hens report`",
         time.length, time.model, spec.forecast.steps.size(), spec.models.size());
  }
  for (const double seconds : {time.perturbation, time.steps, time.output_wait, time.total}) {
    if (!(seconds >= 0.0) || std::isinf(seconds)) {
      fail(ExitCode::bad_input, "run.json: members: member {} of model {} has a time of {} s; 0 or more was expected",
           time.member, time.model, seconds);
    }
  }
}

void add_entry(ModelSummary& model, const MemberEntry& entry) {
  ++model.planned;
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
  for (const int nsteps : manifest.spec.forecast.steps) {
    lengths.push_back({nsteps, std::vector<ModelSummary>(manifest.spec.models.size())});
  }
  for (const MemberEntry& entry : manifest.members) {
    check_entry(entry, manifest.spec);
    add_entry(lengths[entry.time.length].models[entry.time.model], entry);
  }
  return lengths;
}

MemberCounts count_members(const Manifest& manifest) {
  MemberCounts counts;
  for (const MemberEntry& entry : manifest.members) {
    ++counts.planned;
    if (entry.state == MemberState::complete) ++counts.complete;
    if (entry.state == MemberState::failed) ++counts.failed;
  }
  return counts;
}

Attempt last_attempt(const Manifest& manifest) {
  return manifest.attempts.empty() ? Attempt{} : manifest.attempts.back();
}

double total_seconds(const Manifest& manifest) {
  double sum = 0.0;
  for (const Attempt& attempt : manifest.attempts) {
    const auto total = attempt.stages.seconds.find("total");
    if (total != attempt.stages.seconds.end()) sum += total->second;
  }
  return sum;
}

double total_cost(const Manifest& manifest) {
  return manifest.spec.runtime.price_per_hour * total_seconds(manifest) / 3600.0;
}

}  // namespace hens
