#include "forecast/run_job.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include <fmt/ranges.h>
#include <torch/version.h>

#include "base/bytes_text.h"
#include "base/cpus.h"
#include "base/error.h"
#include "base/memory_limit.h"
#include "base/stopwatch.h"
#include "base/version.h"
#include "forecast/crew.h"
#include "forecast/hardware.h"
#include "forecast/stage.h"
#include "forecast/stop_deadline.h"
#include "forecast/uploads.h"
#include "forecast/worker.h"
#include "model/device.h"
#include "model/threads.h"
#include "run/run_folder.h"
#include "run/step_rates.h"
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

// A process's progress through its member-steps: on the log, and now and then in metrics.prom.
class Progress {
 public:
  Progress(const JobSpec& spec, const std::vector<MemberId>& todo, const RunFolder& folder, Log& log)
      : models_(spec.models.size()), folder_(folder), log_(log) {
    for (const MemberId& task : todo) total_ += spec.forecast.steps[task.length];
  }
  // From several threads.
  void stepped_on(size_t device, const std::vector<std::string>& devices, int members) {
    const std::lock_guard guard(mutex_);
    done_ += members;
    by_device_.resize(devices.size());
    by_device_[device] += members;
    std::string detail;
    for (size_t k = 0; k < devices.size(); ++k) {
      detail += fmt::format("{}{} {:.3g}/s", k == 0 ? "" : ", ", devices[k], by_device_[k] / watch_.seconds());
    }
    log_.progress(fmt::format("{} devices", devices.size()), std::min(done_, total_), total_, "member-steps", detail);
    renew_metrics();
  }
  void stepped(int model, int steps, int members) {
    done_ += members;
    log_.progress(fmt::format("model {} of {}, {} steps", model + 1, models_, steps), done_, total_, "member-steps");
    renew_metrics();
  }

 private:
  // A full disk stops the run where a member is written, not here.
  void renew_metrics() {
    constexpr double pause = 30;  // seconds; scrapers come every 15 to 60
    if (renewed_.seconds() < pause) return;
    renewed_ = {};
    try {
      folder_.renew_metrics();
    } catch (const Error& error) {
      log_.warn("metrics_not_renewed", {{"error", error.what()}});
    }
  }

  size_t models_;
  const RunFolder& folder_;
  double done_ = 0, total_ = 0;  // done: counts what was done again, too
  Log& log_;
  std::mutex mutex_;
  std::vector<double> by_device_;
  Stopwatch watch_, renewed_;
};

void add_report(Attempt& attempt, const WorkerReport& report, size_t models) {
  attempt.engine = report.engine;
  attempt.batch_invariant = report.batch_invariant;
  for (const auto& [stage, seconds] : report.stages.seconds) attempt.stages.seconds[stage] += seconds;
  attempt.model_load_seconds.resize(report.model_load_seconds.empty() ? 0 : models);
  for (const auto& [model, seconds] : report.model_load_seconds) attempt.model_load_seconds[model] = seconds;
  attempt.checks = report.checks;
  attempt.peak_gpu_bytes = report.peak_gpu_bytes;
  attempt.work = report.work;
  attempt.energy_joules = report.energy_joules;
}

// An attempt under way: whatever its end, it is recorded.
class AttemptRecord {
 public:
  AttemptRecord() {
    attempt.started = iso_moment(moment_now());
    attempt.hens_version = version;
    attempt.libtorch_version = TORCH_VERSION;
  }

  void end(RunFolder& folder, ExitCode code, const std::string& reason) {
    attempt.stages.seconds["total"] = watch_.seconds();
    attempt.finished = iso_moment(moment_now());
    attempt.peak_host_bytes += peak_host_bytes();
    attempt.exit_code = static_cast<int>(code);
    attempt.exit_reason = reason;
    folder.end_attempt(attempt);
  }

  // A full disk takes no record either; `error` is the one that counts.
  void end_by(const std::exception& error, RunFolder& folder, Log& log) {
    const auto* known = dynamic_cast<const Error*>(&error);
    try {
      end(folder, known ? known->code() : ExitCode::bug, error.what());
    } catch (const Error& second) {
      log.warn("attempt_not_recorded", {{"error", second.what()}});
    }
  }

  Attempt attempt;

 private:
  Stopwatch watch_;
};

// A job at hand: everything that is the same for all devices.
struct JobAtHand {
  const JobSpec& spec;
  const RunOptions& options;
  const JobModels& models;
  std::vector<std::string> devices;
  at::Device device;  // the first of them
  EngineKind engine;  // resolved
  RunFolder& folder;
  Uploads& records;
  Downloader& downloader;
  Log& log;
};

// What a run's end is told by: the result for the caller, the attempt for the record.
struct Outcome {
  RunResult& result;
  Attempt& attempt;
};

// What each of `workers` processes may take of this machine.
RuntimeSpec share_of(RuntimeSpec runtime, int workers) {
  const int threads = runtime.threads > 0 ? runtime.threads : usable_cpus();
  runtime.threads = std::max(1, threads / workers);
  runtime.writers = std::min(runtime.writers, runtime.threads);  // 0: by its share of the cores
  return runtime;
}

// What waits for the writers must not bring the process over its container's memory: queues shrink first.
void fit_queue(RuntimeSpec& runtime, const LatLonGrid& grid, int processes, Log& log) {
  const uint64_t limit = memory_limit();
  const int fits = fields_in_flight(runtime.queue_fields, grid.points() * sizeof(float), processes, limit);
  if (fits == runtime.queue_fields) return;
  log.info("queue_shrunk", {{"queue_fields", fits},
                            {"wanted", runtime.queue_fields},
                            {"memory_limit", bytes_text(static_cast<int64_t>(limit))}});
  runtime.queue_fields = fits;
}

void run_alone(const JobAtHand& at_hand, Source& source, const std::vector<MemberId>& todo, const Outcome& outcome) {
  JobSpec spec = at_hand.spec;
  fit_queue(spec.runtime, at_hand.folder.identity().grid, 1, at_hand.log);
  const PatientThreads patience;
  const std::vector<RunStore> stores = open_stores(at_hand.folder.root(), spec, at_hand.folder.identity().facts());
  const PartsTarget parts{at_hand.folder.root(), at_hand.folder.identity(), outcome.attempt.number};
  const WorkerJob job{spec,        at_hand.models, source, at_hand.downloader, at_hand.records,
                      at_hand.log, stores,         parts,  at_hand.engine,     at_hand.options.check};
  WorkQueue work(todo, spec.forecast.steps);
  Progress progress(spec, todo, at_hand.folder, at_hand.log);
  Worker worker(job, at_hand.device,
                [&](int model, int steps, int members) { progress.stepped(model, steps, members); });
  const auto report = [&] {
    const WorkerReport report = worker.report();
    outcome.result.members_done = report.members_done;
    outcome.result.members_failed = report.members_failed;
    add_report(outcome.attempt, report, spec.models.size());
    outcome.attempt.sources = source.records();
  };
  try {
    while (const std::optional<WorkItem> block = work.next(0)) {
      worker.run(*block, work.model_after(0));
      at_hand.records.throw_if_failed();
    }
    worker.finish();
  } catch (...) {
    report();
    throw;
  }
  report();
}

// Loading is mostly reading: it grows with the package, as a step does with its grid. Measured for HENS' 1123 million
// parameters on an H100: 2.2 s, and 36 ms a step.
double load_steps(const JobModels& models) {
  int64_t most = 0;
  for (const ModelPackage& package : models.packages) most = std::max(most, package.parameters());
  return 60.0 * static_cast<double>(most) / 1.123e9;
}

void add_crew(Attempt& attempt, const CrewResult& crew, const JobSpec& spec) {
  attempt.devices = crew.shares;
  if (!crew.hardware.device.empty()) attempt.hardware = crew.hardware;
  std::string names;
  for (const DeviceShare& share : crew.shares) names += (names.empty() ? "" : ", ") + share.device;
  attempt.hardware.device = names;
  attempt.sources = crew.sources;
  attempt.peak_host_bytes = crew.peak_host_bytes;
  attempt.hardware.cores = usable_cpus();
  attempt.model_load_seconds.assign(crew.reports.empty() ? 0 : spec.models.size(), 0.0);
  // A process that was killed took energy, too, and cannot say how much.
  bool all_say = !crew.reports.empty() && crew.reports.size() >= crew.shares.size();
  for (const DeviceShare& share : crew.shares) all_say &= share.restarts == 0;
  double joules = 0;
  for (const WorkerReport& report : crew.reports) {
    attempt.work.member_steps += report.work.member_steps, attempt.work.seconds += report.work.seconds;
    all_say &= report.energy_joules.has_value();
    joules += report.energy_joules.value_or(0.0);
    if (!report.engine.empty()) attempt.engine = report.engine, attempt.batch_invariant = report.batch_invariant;
    for (const auto& [stage, seconds] : report.stages.seconds) {
      attempt.stages.seconds[stage] += seconds / static_cast<double>(crew.reports.size());
    }
    for (const auto& [model, seconds] : report.model_load_seconds) {
      attempt.model_load_seconds[model] = std::max(attempt.model_load_seconds[model], seconds);
    }
    for (const auto& check : report.checks) attempt.checks.push_back(check);
    attempt.peak_gpu_bytes = std::max(attempt.peak_gpu_bytes, report.peak_gpu_bytes);
  }
  if (all_say) attempt.energy_joules = joules;
}

void run_together(const JobAtHand& at_hand, const std::vector<MemberId>& todo, const Outcome& outcome) {
  const JobSpec& spec = at_hand.spec;
  const int workers = static_cast<int>(at_hand.devices.size());
  const double load = load_steps(at_hand.models);
  WorkQueue work(todo, spec.forecast.steps,
                 {.workers = workers,
                  .granule = std::max(2, spec.runtime.batch),
                  .control = spec.ensemble.control,
                  .load_steps = load,
                  .start_steps = load / 6});
  WorkerTask task{.run = at_hand.folder.identity(),
                  .root = at_hand.folder.root().string(),
                  .engine = at_hand.engine,
                  .attempt = outcome.attempt.number,
                  .check = at_hand.options.check};
  task.run.spec.runtime = share_of(spec.runtime, workers);
  fit_queue(task.run.spec.runtime, at_hand.folder.identity().grid, workers, at_hand.log);
  CrewOptions options{at_hand.devices, at_hand.options.worker_command};
  options.longest_silence = spec.runtime.silence_limit;
  Progress progress(spec, todo, at_hand.folder, at_hand.log);
  CrewResult crew;
  const auto report = [&] {
    outcome.result.members_done = crew.members_done;
    outcome.result.members_failed = crew.members_failed;
    add_crew(outcome.attempt, crew, spec);
  };
  try {
    run_crew(
        task, options, work, at_hand.records, at_hand.log,
        [&](size_t device, int members) {
          progress.stepped_on(device, at_hand.devices, members);
          at_hand.records.throw_if_failed();
        },
        crew);
  } catch (...) {
    report();
    throw;
  }
  report();
}

// How fast this machine was, for the next job's reckoning.
void note_rate(const Attempt& attempt, const ModelConfig& config, const fs::path& cache) {
  if (attempt.work.member_steps < least_member_steps) return;
  const auto steps = static_cast<double>(attempt.work.member_steps);
  StepRate rate{card_name(attempt.hardware), attempt.engine, config.nlat, config.nlon, config.embed_dim};
  rate.ms_per_member_step = 1e3 * attempt.work.seconds / steps;
  if (attempt.energy_joules) rate.joules_per_member_step = *attempt.energy_joules / steps;
  rate.measured = attempt.started.substr(0, 10);
  remember_rate(cache, rate);
}

// The devices of the run by name; `obstacle` says why there is no GPU where one was hoped for.
std::vector<std::string> devices_of(const RuntimeSpec& runtime, std::string& obstacle) {
  if (!runtime.devices.empty()) return runtime.devices;
  if (runtime.device != "auto" && runtime.device != "cuda") return {runtime.device};
  std::vector<std::string> gpus = visible_gpus();
  if (gpus.size() > 1) return gpus;
  // One, or none: opening it says what is in the way.
  return {open_device(runtime.device, &obstacle).is_cuda() ? "cuda:0" : "cpu"};
}

}  // namespace

RunResult run_job(const JobSpec& spec, const RunOptions& options, Downloader& downloader, Log& log) {
  const StopDeadline deadline;
  AttemptRecord record;
  Attempt& attempt = record.attempt;
  attempt.selection = options.selection_text;
  use_threads(spec.runtime.threads);
  std::string obstacle;
  const std::vector<std::string> devices = devices_of(spec.runtime, obstacle);
  const bool alone = devices.size() == 1 || options.worker_command.empty();
  // Of several GPUs the worker processes make their own contexts; this one needs to know of them only.
  const at::Device device = alone ? open_device(devices.front()) : at::Device(devices.front());
  attempt.hardware = find_hardware(device);
  const std::vector<MemberId> selected = select_members(spec, options.selection);
  JobModels models;
  {
    const StageTimer timer(attempt.stages.seconds["stage_models"]);
    models = open_models(spec, downloader, log);
  }
  if (!obstacle.empty()) allow_cpu(models, obstacle, log);
  const EngineKind engine = resolve_engine(spec.forecast, device, models.packages);
  const std::unique_ptr<Source> source = open_source(spec.initial_conditions, downloader, log);

  if (options.force_new_run) set_aside(options.output, log);
  if (options.bucket != nullptr) pull_results(*options.bucket, options.output, log);
  RunFolder folder(options.output, identity_of(spec, models, device, engine), log);
  log.also_to(folder.root() / "log.jsonl");
  Uploads uploads(folder, options.bucket, options.read_later, log);
  std::vector<MemberId> todo;
  {
    const StageTimer timer(attempt.stages.seconds["verify"]);
    todo = folder.pending(selected, spec.runtime.full_verify);
    uploads.start(spec.runtime.full_verify);
  }
  RunResult result;
  result.members_kept = static_cast<int>(selected.size() - todo.size());
  log.info("run", {{"folder", folder.root().string()},
                   {"device", fmt::format("{}", fmt::join(devices, ", "))},
                   {"members_to_do", todo.size()},
                   {"members_kept", result.members_kept}});
  if (todo.empty()) {
    folder.mend_records();
    uploads.send_kept(selected, todo);
    uploads.finish(0);
  } else {
    attempt.number = uploads.begin_attempt(attempt, options.selection);
    try {
      uploads.send_kept(selected, todo);
      const JobAtHand at_hand{spec, options, models, devices, device, engine, folder, uploads, downloader, log};
      alone ? run_alone(at_hand, *source, todo, {result, attempt}) : run_together(at_hand, todo, {result, attempt});
      log.end_progress();
      uploads.wait();
    } catch (const std::exception& error) {
      log.end_progress();
      record.end_by(error, folder, log);
      uploads.end_by_error(attempt.number);
      throw;
    }
    result.exit_code = outcome(result);
    note_rate(attempt, models.packages.front().config, downloader.options().cache);
    record.end(folder, result.exit_code,
               result.members_failed == 0
                   ? "done"
                   : fmt::format("{} of {} members left the finite numbers", result.members_failed, todo.size()));
    uploads.finish(attempt.number);
  }
  result.manifest = folder.outline();
  result.all_complete = result.manifest.complete == static_cast<int64_t>(WorkPlan(spec).size());
  return result;
}

}  // namespace hens
