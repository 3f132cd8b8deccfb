#include "report/benchmark_json.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

#include "report/run_summary.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double seconds) { return std::round(seconds * 1e4) / 1e4; }

template <typename Value>
Json by_model(const LengthSummary& length, Value value) {
  Json list = Json::array();
  for (const ModelSummary& model : length.models) list.push_back(value(model));
  return list;
}

Json length_json(const LengthSummary& length) {
  const int nsteps = length.nsteps;
  return {
      {"nsteps", nsteps},
      {"forecast_hours", nsteps * std::chrono::duration_cast<std::chrono::hours>(model_step).count()},
      {"inference_times", by_model(length, [](const auto& model) { return rounded(model.inference); })},
      {"time_per_step", by_model(length, [&](const auto& model) { return rounded(model.inference / nsteps); })},
      {"time_per_member_step",
       by_model(length, [&](const auto& model) { return rounded(time_per_member_step(model, nsteps)); })},
      {"members_complete", by_model(length, [](const auto& model) { return model.complete; })},
      {"stages",
       {{"perturbation", by_model(length, [](const auto& model) { return rounded(model.perturbation); })},
        {"steps", by_model(length, [](const auto& model) { return rounded(model.steps); })},
        {"output_wait", by_model(length, [](const auto& model) { return rounded(model.output_wait); })}}},
  };
}

Json incomplete_json(const LengthSummary& length) {
  return {{"nsteps", length.nsteps},
          {"members_planned", by_model(length, [](const auto& model) { return model.planned; })},
          {"members_complete", by_model(length, [](const auto& model) { return model.complete; })}};
}

Json attempt_json(const Attempt& attempt) {
  Json stages = Json::object();
  for (const auto& [stage, seconds] : attempt.stages.seconds) stages[stage] = rounded(seconds);
  const Hardware& hardware = attempt.hardware;
  return {{"number", attempt.number},
          {"started", attempt.started},
          {"finished", attempt.finished},
          {"selection", attempt.selection},
          {"exit_code", attempt.exit_code ? Json(*attempt.exit_code) : Json()},
          {"instance_type", hardware.instance_type},
          {"device", hardware.device},
          {"gpu", hardware.gpu},
          {"driver", hardware.driver},
          {"stages", stages}};
}

void add_lengths(Json& document, const Manifest& manifest) {
  Json complete = Json::array(), incomplete = Json::array();
  for (const LengthSummary& length : summarise_lengths(manifest)) {
    length.complete() ? complete.push_back(length_json(length)) : incomplete.push_back(incomplete_json(length));
  }
  document["benchmarks"] = std::move(complete);
  const RunTime time = run_time(manifest);
  document["total_time"] = rounded(time.wall);
  document["machine_time"] = rounded(time.machine);
  if (!incomplete.empty()) document["incomplete"] = std::move(incomplete);
}

void add_machine(Json& document, const Hardware& hardware) {
  document["region"] = hardware.region;
  document["device"] = hardware.device;
  document["gpu"] = hardware.gpu;
  document["driver"] = hardware.driver;
  document["host_cpu"] = hardware.host_cpu;
  document["cores"] = hardware.cores;
  document["memory_gib"] = rounded(hardware.memory_gib);
}

void add_amounts(Json& document, const Manifest& manifest) {
  uint64_t host = 0, gpu = 0;
  Json attempts = Json::array();
  for (const Attempt& attempt : manifest.attempts) {
    host = std::max(host, attempt.peak_host_bytes);
    gpu = std::max(gpu, attempt.peak_gpu_bytes);
    attempts.push_back(attempt_json(attempt));
  }
  const MemberCounts members = count_members(manifest);
  document["members_planned"] = members.planned;
  document["members_complete"] = members.complete;
  document["output_bytes"] = output_bytes(manifest);
  document["peak_host_bytes"] = host;
  document["peak_gpu_bytes"] = gpu;
  if (manifest.spec.runtime.price_per_hour > 0.0) {
    document["price_per_hour"] = manifest.spec.runtime.price_per_hour;
    document["cost"] = rounded(total_cost(manifest));
    if (members.complete > 0)
      document["cost_per_member"] = total_cost(manifest) / static_cast<double>(members.complete);
  }
  if (const std::optional<RunEnergy> energy = run_energy(manifest)) {
    document["energy_kwh"] = energy->kwh();
    document["energy_is_whole"] = energy->whole;
    if (energy->member_steps > 0) document["joules_per_member_step"] = rounded(energy->joules_per_member_step());
  }
  document["attempts"] = std::move(attempts);
}

}  // namespace

Json benchmark_results(const Manifest& manifest) {
  assert(!manifest.spec.initial_conditions.times.empty());
  const Attempt last = last_attempt(manifest);
  Json document = {
      {"platform", last.hardware.platform},
      {"runtime", fmt::format("hens {}, LibTorch {}", last.hens_version, last.libtorch_version)},
      {"instance_type", last.hardware.instance_type},
      {"run_date", manifest.attempts.empty() ? "" : manifest.attempts.front().started},
      {"nensemble", manifest.spec.ensemble.members},
      {"start_date", format_time(manifest.spec.initial_conditions.times.front(), "%Y-%m-%d")},
  };
  add_lengths(document, manifest);
  document["job"] = manifest.spec.name;
  document["hens_version"] = last.hens_version;
  document["libtorch_version"] = last.libtorch_version;
  document["models"] = manifest.model_names;
  document["initial_times"] = manifest.spec.initial_conditions.times.size();
  add_machine(document, last.hardware);
  add_amounts(document, manifest);
  return document;
}

}  // namespace hens
