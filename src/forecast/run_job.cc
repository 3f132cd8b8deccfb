#include "forecast/run_job.h"

#include <memory>
#include <utility>

#include <torch/version.h>

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/version.h"
#include "forecast/hardware.h"
#include "forecast/stage.h"
#include "forecast/stop_deadline.h"
#include "forecast/worker.h"
#include "model/device.h"
#include "model/threads.h"
#include "run/run_folder.h"
#include "source/source.h"

namespace hens {
namespace {

ExitCode outcome(const RunResult& result) {
  if (result.members_failed == 0) return ExitCode::ok;
  return result.members_done + result.members_kept == 0 ? ExitCode::not_finite : ExitCode::members_failed;
}

RunIdentity identity_of(const JobSpec& spec, const JobModels& models, at::Device device, EngineKind engine) {
  RunIdentity identity{spec};
  for (const std::string& uri : spec.models) identity.model_names.push_back(package_name(uri));
  identity.model_digests = models.digests;
  identity.device_kind = !device.is_cuda() ? "cpu" : engine == EngineKind::fast ? "cuda, fast engine" : "cuda";
  const ModelConfig& config = models.packages.front().config;
  identity.grid = equiangular_grid(config.nlat, config.nlon);
  return identity;
}

// <folder>.previous-<n>, the first that is free. Where `folder` is a link, what it leads to is moved, and the link
// stays: the new run lies on the disk that the old one lay on.
void set_aside(const fs::path& folder, Log& log) {
  std::error_code error;
  const fs::path there = fs::canonical(folder, error);
  if (error) return;
  fs::path target;
  int n = 1;
  do {
    target = there.string() + fmt::format(".previous-{}", n++);
  } while (fs::exists(target, error));
  fs::rename(there, target, error);
  if (error) {
    fail(ExitCode::cannot_create, "{}: cannot be set aside as {}: {}; give another --output", there.string(),
         target.string(), error.message());
  }
  make_folders(there);
  log.info("earlier_run_set_aside", {{"folder", target.string()}});
}

// A process's progress through its member-steps, on the log.
class Progress {
 public:
  Progress(const JobSpec& spec, const std::vector<MemberTask>& todo, Log& log)
      : models_(spec.models.size()), log_(log) {
    for (const MemberTask& task : todo) total_ += spec.forecast.steps[task.length];
  }
  void stepped(int model, int steps, int members) {
    done_ += members;
    log_.progress(fmt::format("model {} of {}, {} steps", model + 1, models_, steps), done_, total_, "member-steps");
  }

 private:
  size_t models_;
  double done_ = 0, total_ = 0;
  Log& log_;
};

void add_report(Attempt& attempt, const WorkerReport& report, size_t models) {
  attempt.engine = report.engine;
  attempt.batch_invariant = report.batch_invariant;
  for (const auto& [stage, seconds] : report.stages.seconds) attempt.stages.seconds[stage] += seconds;
  attempt.model_load_seconds.resize(report.model_load_seconds.empty() ? 0 : models);
  for (const auto& [model, seconds] : report.model_load_seconds) attempt.model_load_seconds[model] = seconds;
  attempt.checks = report.checks;
  attempt.peak_gpu_bytes = report.peak_gpu_bytes;
}

// An attempt under way: whatever its end, it is recorded.
class AttemptRecord {
 public:
  AttemptRecord() {
    attempt.started = iso_moment(moment_now());
    attempt.hens_version = version;
    attempt.libtorch_version = TORCH_VERSION;
  }

  void end(RunFolder& folder, const Source& source, ExitCode code, const std::string& reason) {
    attempt.stages.seconds["total"] = watch_.seconds();
    attempt.finished = iso_moment(moment_now());
    attempt.peak_host_bytes = peak_host_bytes();
    attempt.sources = source.records();
    attempt.exit_code = static_cast<int>(code);
    attempt.exit_reason = reason;
    folder.end_attempt(attempt);
  }

  // A full disk takes no record either; `error` is the one that counts.
  void end_by(const std::exception& error, RunFolder& folder, const Source& source, Log& log) {
    const auto* known = dynamic_cast<const Error*>(&error);
    try {
      end(folder, source, known ? known->code() : ExitCode::bug, error.what());
    } catch (const Error& second) {
      log.warn("attempt_not_recorded", {{"error", second.what()}});
    }
  }

  Attempt attempt;

 private:
  Stopwatch watch_;
};

void run_blocks(const WorkerJob& job, at::Device device, const std::vector<MemberTask>& todo, RunResult& result,
                Attempt& attempt) {
  WorkQueue work(todo, job.spec.forecast.steps);
  Progress progress(job.spec, todo, job.log);
  Worker worker(job, device, [&](int model, int steps, int members) { progress.stepped(model, steps, members); });
  const auto report = [&] {
    result.members_done = worker.report().members_done;
    result.members_failed = worker.report().members_failed;
    add_report(attempt, worker.report(), job.spec.models.size());
  };
  try {
    while (const std::optional<WorkBlock> block = work.next(0)) worker.run(*block, work.model_after(0));
    worker.finish();
  } catch (...) {
    report();
    throw;
  }
  report();
}

}  // namespace

RunResult run_job(const JobSpec& spec, const RunOptions& options, Downloader& downloader, Log& log) {
  const StopDeadline deadline;
  AttemptRecord record;
  Attempt& attempt = record.attempt;
  attempt.selection = options.selection_text;
  use_threads(spec.runtime.threads);
  const PatientThreads patience;
  std::string obstacle;
  const at::Device device = open_device(spec.runtime.device, &obstacle);
  attempt.hardware = find_hardware(device);
  const std::vector<MemberTask> selected = select_members(spec, options.selection);
  JobModels models;
  {
    const StageTimer timer(attempt.stages.seconds["stage_models"]);
    models = open_models(spec, downloader, log);
  }
  if (!obstacle.empty()) allow_cpu(models, obstacle, log);
  const EngineKind engine = resolve_engine(spec.forecast, device, models.packages);
  const std::unique_ptr<Source> source = open_source(spec.initial_conditions, downloader, log);

  if (options.force_new_run) set_aside(options.output, log);
  RunFolder folder(options.output, identity_of(spec, models, device, engine), log);
  log.also_to(folder.root() / "log.jsonl");
  std::vector<MemberTask> todo;
  {
    const StageTimer timer(attempt.stages.seconds["verify"]);
    todo = folder.pending(selected, spec.runtime.full_verify);
  }
  RunResult result;
  result.members_kept = static_cast<int>(selected.size() - todo.size());
  log.info("run", {{"folder", folder.root().string()},
                   {"device", device.str()},
                   {"members_to_do", todo.size()},
                   {"members_kept", result.members_kept}});
  if (todo.empty()) {
    folder.mend_records();
  } else {
    attempt.number = folder.begin_attempt(attempt, options.selection);
    const std::vector<RunStore> stores = open_stores(folder.root(), spec, folder.identity().facts());
    const PartsTarget parts = folder.parts_target();
    try {
      run_blocks({spec, models, *source, downloader, folder, log, stores, parts, engine, options.check}, device, todo,
                 result, attempt);
      log.end_progress();
    } catch (const std::exception& error) {
      log.end_progress();
      record.end_by(error, folder, *source, log);
      throw;
    }
    result.exit_code = outcome(result);
    record.end(folder, *source, result.exit_code,
               result.members_failed == 0
                   ? "done"
                   : fmt::format("{} of {} members left the finite numbers", result.members_failed, todo.size()));
  }
  result.manifest = folder.outline();
  result.all_complete = result.manifest.complete == static_cast<int64_t>(WorkPlan(spec).size());
  return result;
}

}  // namespace hens
