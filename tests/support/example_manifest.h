// A small finished run for the reports' tests: two models, two members each, 4 and 40 steps, two attempts.
#pragma once

#include <fmt/format.h>

#include "job/work_plan.h"
#include "run/manifest.h"

namespace hens::test {

inline Attempt example_attempt(int number, double total) {
  Attempt attempt;
  attempt.number = number;
  attempt.started = fmt::format("2026-01-0{}T00:00:00Z", number);
  attempt.finished = fmt::format("2026-01-0{}T01:00:00Z", number);
  attempt.hens_version = "0.1.0";
  attempt.libtorch_version = "2.11.0";
  attempt.engine = "reference fp32";
  attempt.selection = fmt::format("shard {}/2", number - 1);
  attempt.hardware.host_cpu = "Example CPU";
  attempt.hardware.cores = 16;
  attempt.hardware.memory_gib = 128;
  attempt.hardware.device = "cuda:0";
  attempt.hardware.gpu = "NVIDIA L40S";
  attempt.hardware.driver = "570.1";
  attempt.hardware.platform = "EC2";
  attempt.hardware.instance_type = "g6e.4xlarge";
  attempt.hardware.region = "us-west-2";
  attempt.stages.seconds = {{"load", 3.0}, {"analysis", 1.5}, {"members", 20.0}, {"total", total}};
  attempt.model_load_seconds = {1.25, 1.75};
  attempt.peak_host_bytes = uint64_t{12} << 30;
  attempt.peak_gpu_bytes = uint64_t{20} << 30;
  attempt.exit_code = 0;
  attempt.exit_reason = "done";
  return attempt;
}

// As SIGKILL leaves its record.
inline void kill(Attempt& attempt) {
  attempt.finished.clear();
  attempt.stages.seconds.clear();
  attempt.model_load_seconds.clear();
  attempt.exit_code.reset();
  attempt.exit_reason.clear();
}

// Members take 10 s + model at 4 steps, 20 s + model at 40; all complete.
inline Manifest example_manifest() {
  Manifest manifest;
  manifest.spec.name = "example";
  manifest.spec.initial_conditions.times = {parse_time("2024-01-01T00")};
  manifest.spec.models = {"a/model_seed102", "b/model_seed103"};
  manifest.spec.ensemble.members = 2;
  manifest.spec.forecast.steps = {4, 40};
  manifest.model_names = {"model_seed102", "model_seed103"};
  manifest.grid = equiangular_grid(19, 36);
  manifest.attempts = {example_attempt(1, 60.0), example_attempt(2, 90.0)};
  for (const MemberId& task : plan_members(manifest.spec)) {
    const double total = (task.length == 0 ? 10.0 : 20.0) + task.model;
    MemberEntry entry{task, {2.0, total - 3.0, 0.5, total}};
    entry.state = MemberState::complete;
    entry.attempt = 1;
    entry.finished = parse_moment("2026-01-01T00:00:50.500Z");
    entry.bytes = uint64_t{1} << 28;
    manifest.members.push_back(entry);
  }
  return manifest;
}

}  // namespace hens::test
