#include "forecast/run_job.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <optional>

#include <torch/version.h>

#include "base/error.h"
#include "base/read_ahead.h"
#include "base/stop.h"
#include "base/version.h"
#include "forecast/hardware.h"
#include "forecast/make_engine.h"
#include "forecast/rollout.h"
#include "forecast/stage.h"
#include "forecast/stop_deadline.h"
#include "package/package.h"
#include "model/device.h"
#include "model/threads.h"
#include "source/source.h"

namespace hens {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t most_parameters_on_cpu = 50'000'000;  // unless told to; HENS has 1123 million, the mini package 0.3

// Adds the time from construction to destruction to a stage.
class StageTimer {
 public:
  StageTimer(StageTimes& times, const char* stage) : seconds_(times.seconds[stage]) {}
  ~StageTimer() { seconds_ += elapsed(); }
  StageTimer(const StageTimer&) = delete;
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  double& seconds_;
  Clock::time_point start_ = Clock::now();
};

ExitCode outcome(const RunResult& result) {
  if (result.members_failed == 0) return ExitCode::ok;
  return result.members_done + result.members_kept == 0 ? ExitCode::not_finite : ExitCode::members_failed;
}

// One process's work on a job.
class JobRun {
 public:
  JobRun(const JobSpec& spec, const RunOptions& options, Downloader& downloader, Log& log)
      : spec_(spec), options_(options), downloader_(downloader), log_(log) {}

  RunResult run();

 private:
  void open_models();
  void computes_on_cpu(const std::string& obstacle) const;
  RunIdentity identity() const;
  fs::path file_of(int model) const;
  std::unique_ptr<Engine> load(int model, Time first_time);
  void refuse_changed(int model);
  void run_model(RunFolder& folder, int model, const std::vector<MemberTask>& tasks, const fs::path& read_next);
  void record_check(const MemberTask& task, const nlohmann::ordered_json& by_step);
  void run_group(Rollout& rollout, std::span<const MemberTask> tasks);
  void prepare(Perturber& perturber, int model, int time);
  at::Tensor analysis(Time time,
                      const ModelPackage& package);  // not to be changed: the next model may start from it, too
  void record_end(RunFolder& folder, ExitCode code, const std::string& reason);

  const JobSpec& spec_;
  const RunOptions& options_;
  Downloader& downloader_;
  Log& log_;

  Attempt attempt_;
  at::Device device_ = at::kCPU;
  EngineKind engine_kind_ = EngineKind::reference;  // resolved
  std::vector<ModelPackage> packages_;
  std::vector<std::string> facts_, digests_;  // [model]; the facts are of before the digest
  std::unique_ptr<Source> source_;
  std::unique_ptr<ReferenceCheck> check_;  // of the model at hand
  std::map<Time, at::Tensor> analyses_;    // the last ones
  std::vector<std::string> analyses_channels_;
  int prepared_time_ = -1;
  double steps_done_ = 0, steps_total_ = 0;
  RunResult result_;
};

void JobRun::open_models() {
  const StageTimer timer(attempt_.stages, "stage_models");
  for (const std::string& uri : spec_.models) {
    const fs::path folder = stage_package(uri, downloader_, log_);
    packages_.push_back(open_package(folder));
    facts_.push_back(package_facts(folder));
    digests_.push_back(staged_package_digest(uri, folder, downloader_));
    if (!(packages_.back().grid == packages_.front().grid)) {
      fail(ExitCode::bad_spec, "models: '{}' has a grid of {}x{}, '{}' one of {}x{}: models of one job share one grid",
           uri, packages_.back().grid.nlat(), packages_.back().grid.nlon(), spec_.models.front(),
           packages_.front().grid.nlat(), packages_.front().grid.nlon());
    }
  }
}

// `auto` found no GPU. A network of full size is not what a CPU is for, on a machine that may be paid for its GPU.
void JobRun::computes_on_cpu(const std::string& obstacle) const {
  for (const ModelPackage& package : packages_) {
    if (package.parameters() <= most_parameters_on_cpu) continue;
    fail(ExitCode::gpu,
         "no GPU can be used: {}. {} has {} million parameters, and hens does not run more than {} million on a CPU "
         "unless told to: mend that, or say --device cpu (runtime.device=cpu)",
         obstacle, package.folder.string(), package.parameters() / 1'000'000, most_parameters_on_cpu / 1'000'000);
  }
  log_.warn("no_gpu", {{"message", "computing on the CPU: " + obstacle}});
}

RunIdentity JobRun::identity() const {
  RunIdentity identity{spec_};
  for (const std::string& uri : spec_.models) identity.model_names.push_back(package_name(uri));
  identity.model_digests = digests_;
  identity.device_kind = !device_.is_cuda() ? "cpu" : engine_kind_ == EngineKind::fast ? "cuda, fast engine" : "cuda";
  identity.grid = equiangular_grid(packages_.front().config.nlat, packages_.front().config.nlon);
  return identity;
}

at::Tensor JobRun::analysis(Time time, const ModelPackage& package) {
  const StageTimer timer(attempt_.stages, "analysis");
  if (analyses_channels_ != package.config.channels) analyses_.clear();
  analyses_channels_ = package.config.channels;
  if (const auto found = analyses_.find(time); found != analyses_.end()) return found->second;
  State state = source_->load(time, package.config.channels, package.grid);
  const int64_t channels = static_cast<int64_t>(state.channels.size());
  const at::Tensor fields =
      at::from_blob(state.values.data(), {channels, state.grid.nlat(), state.grid.nlon()}, at::kFloat).clone();
  constexpr size_t kept = 4;  // as one member's breeding needs; 300 MB each at full size
  if (analyses_.size() == kept) analyses_.erase(analyses_.begin());
  analyses_.emplace(time, fields);
  return fields;
}

// Analyses and breeding control are shared by all members of a model and initial time, of every length.
void JobRun::prepare(Perturber& perturber, int model, int time) {
  if (prepared_time_ == time) return;
  const Time initial_time = spec_.initial_conditions.times[time];
  std::vector<at::Tensor> analyses;
  for (const Time at : analysis_times(spec_.perturbation, initial_time))
    analyses.push_back(analysis(at, packages_[model]));
  const StageTimer timer(attempt_.stages, "breeding_control");
  perturber.prepare(std::move(analyses), initial_time, model);
  prepared_time_ = time;
}

// All members of one length and time.
void JobRun::run_group(Rollout& rollout, std::span<const MemberTask> tasks) {
  const int wanted = spec_.runtime.batch > 0 ? spec_.runtime.batch : 1;
  const size_t batch = rollout.engine.batch_invariant() ? static_cast<size_t>(wanted) : 1;
  const Time initial_time = spec_.initial_conditions.times[tasks.front().time];
  for (size_t at = 0; at < tasks.size(); at += batch) {
    const auto members = tasks.subspan(at, std::min(batch, tasks.size() - at));
    const auto checked = [&](const MemberTask& task) { return is_checked(task.member, options_.check); };
    rollout.check = std::any_of(members.begin(), members.end(), checked) ? check_.get() : nullptr;
    const int failed = run_members(rollout, members, initial_time);
    for (size_t i = 0; rollout.check != nullptr && i < members.size(); ++i) {
      if (checked(members[i])) record_check(members[i], rollout.check->result(static_cast<int>(i)));
    }
    result_.members_failed += failed;
    result_.members_done += static_cast<int>(members.size()) - failed;
  }
}

void JobRun::record_check(const MemberTask& task, const nlohmann::ordered_json& by_step) {
  nlohmann::ordered_json entry{{"model", task.model},
                               {"steps", spec_.forecast.steps[task.length]},
                               {"time", task.time},
                               {"member", task.member},
                               {"by_step", by_step}};
  if (!by_step.empty()) {
    nlohmann::json fields = by_step.back();
    fields["model"] = task.model, fields["member"] = task.member;
    log_.info("check_against_reference", fields);
  }
  attempt_.checks.push_back(std::move(entry));
}

fs::path JobRun::file_of(int model) const {
  return engine_file(engine_kind_, packages_[model], weight_folder(downloader_.options().cache), digests_[model]);
}

// What the engine was made of must be what the digest was made of: the package is looked at again after it was read.
// Facts that differ need not: a time changes when a file is touched.
void JobRun::refuse_changed(int model) {
  const fs::path& folder = packages_[model].folder;
  if (package_facts(folder) == facts_[model]) return;
  if (staged_package_digest(spec_.models[model], folder, downloader_) == digests_[model]) return;
  fail(ExitCode::bad_input, "models[{}]: {}: the package changed while it was read: run again once nobody writes to it",
       model, folder.string());
}

// The model, loaded while the analyses of its first initial time come. What is left to wait for then counts as `load`.
// A model that cannot be loaded ends the run before the next analysis is asked for.
std::unique_ptr<Engine> JobRun::load(int model, Time first_time) {
  double seconds = 0;
  std::unique_ptr<Engine> engine;
  std::future<std::unique_ptr<Engine>> coming = std::async(std::launch::async, [&] {
    StageTimes times;
    const StageTimer timer(times, "load");
    std::unique_ptr<Engine> loaded = make_engine(engine_kind_, packages_[model], device_, spec_.forecast,
                                                 weight_folder(downloader_.options().cache), digests_[model]);
    synchronize(device_);
    seconds = timer.elapsed();
    return loaded;
  });
  for (const Time at : analysis_times(spec_.perturbation, first_time)) {
    if (!engine && coming.wait_for(std::chrono::seconds(0)) == std::future_status::ready) engine = coming.get();
    analysis(at, packages_[model]);
  }
  const StageTimer timer(attempt_.stages, "load");
  if (!engine) engine = coming.get();
  refuse_changed(model);
  attempt_.model_load_seconds.resize(spec_.models.size());
  attempt_.model_load_seconds[model] = seconds;
  return engine;
}

// `read_next`: what the next model will be made of; it is brought into the page cache while this one's members run.
void JobRun::run_model(RunFolder& folder, int model, const std::vector<MemberTask>& tasks, const fs::path& read_next) {
  const std::unique_ptr<Engine> engine = load(model, spec_.initial_conditions.times[tasks.front().time]);
  std::optional<ReadAhead> ahead;
  if (!read_next.empty()) ahead.emplace(read_next);
  attempt_.engine = engine->name();
  attempt_.batch_invariant = engine->batch_invariant();
  const auto wanted = [&](const MemberTask& task) { return is_checked(task.member, options_.check); };
  if (std::any_of(tasks.begin(), tasks.end(), wanted)) {
    const StageTimer timer(attempt_.stages, "load_reference");
    check_ = std::make_unique<ReferenceCheck>(packages_[model], *engine, spec_.forecast.sun);
  }
  Perturber perturber(spec_.perturbation, *engine, spec_.ensemble.seed);
  prepared_time_ = -1;

  const std::vector<RunStore> stores = open_stores(folder.root(), spec_, folder.identity().facts());
  WriteQueue queue(spec_.runtime.writers, spec_.runtime.queue_fields);
  for (auto first = tasks.begin(); first != tasks.end();) {
    const auto last = std::find_if(first, tasks.end(), [&](const MemberTask& task) {
      return task.length != first->length || task.time != first->time;
    });
    prepare(perturber, model, first->time);
    Rollout rollout{*engine, perturber, queue, folder, log_, {}, spec_.forecast.steps[first->length], {}, nullptr};
    rollout.on_step = [&](int members) {
      steps_done_ += members;
      log_.progress(fmt::format("model {} of {}, {} steps", model + 1, spec_.models.size(), rollout.steps), steps_done_,
                    steps_total_, "member-steps");
    };
    for (const RunStore& store : stores) {
      if (store.model != model || store.length != first->length) continue;
      rollout.outputs.push_back(make_output_target(spec_.output[store.output], rollout.steps, engine->channel_names(),
                                                   *store.store, store.folder));
    }
    {
      const StageTimer timer(attempt_.stages, "members");
      run_group(rollout, {first, last});
    }
    const StageTimer timer(attempt_.stages, "finish_output");
    queue.drain();
    first = last;
  }
  attempt_.peak_gpu_bytes = std::max(attempt_.peak_gpu_bytes, peak_gpu_bytes(device_) + engine_gpu_bytes(*engine));
  check_.reset();  // before the engine that it looks at
}

void JobRun::record_end(RunFolder& folder, ExitCode code, const std::string& reason) {
  attempt_.finished = iso_moment(moment_now());
  attempt_.peak_host_bytes = peak_host_bytes();
  if (source_) attempt_.sources = source_->records();
  attempt_.exit_code = static_cast<int>(code);
  attempt_.exit_reason = reason;
  folder.end_attempt(attempt_);
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

RunResult JobRun::run() {
  const StopDeadline deadline;
  const Clock::time_point start = Clock::now();
  attempt_.started = iso_moment(moment_now());
  attempt_.hens_version = version;
  attempt_.libtorch_version = TORCH_VERSION;
  attempt_.selection = options_.selection_text;
  use_threads(spec_.runtime.threads);
  const PatientThreads patience;
  std::string obstacle;
  device_ = open_device(spec_.runtime.device, &obstacle);
  attempt_.hardware = find_hardware(device_);
  const std::vector<MemberTask> selected = select_members(spec_, options_.selection);
  open_models();
  if (!obstacle.empty()) computes_on_cpu(obstacle);
  engine_kind_ = resolve_engine(spec_.forecast, device_, packages_);
  source_ = open_source(spec_.initial_conditions, downloader_, log_);

  if (options_.force_new_run) set_aside(options_.output, log_);
  RunFolder folder(options_.output, identity(), log_);
  log_.also_to(folder.root() / "log.jsonl");
  std::vector<MemberTask> todo;
  {
    const StageTimer timer(attempt_.stages, "verify");
    todo = folder.pending(selected, spec_.runtime.full_verify);
  }
  result_.members_kept = static_cast<int>(selected.size() - todo.size());
  for (const MemberTask& task : todo) steps_total_ += spec_.forecast.steps[task.length];
  log_.info("run", {{"folder", folder.root().string()},
                    {"device", device_.str()},
                    {"members_to_do", todo.size()},
                    {"members_kept", result_.members_kept}});
  if (todo.empty()) {
    folder.mend_records();
  } else {
    attempt_.number = folder.begin_attempt(attempt_, options_.selection);
  }
  try {
    std::map<int, std::vector<MemberTask>> by_model;
    for (const MemberTask& task : todo) by_model[task.model].push_back(task);
    for (auto model = by_model.begin(); model != by_model.end(); ++model) {
      const auto next = std::next(model);
      run_model(folder, model->first, model->second, next == by_model.end() ? fs::path() : file_of(next->first));
    }
  } catch (const std::exception& error) {
    log_.end_progress();
    const auto* known = dynamic_cast<const Error*>(&error);
    attempt_.stages.seconds["total"] = std::chrono::duration<double>(Clock::now() - start).count();
    try {
      record_end(folder, known ? known->code() : ExitCode::bug, error.what());
    } catch (const Error& second) {  // a full disk takes no record either; the first error is the one that counts
      log_.warn("attempt_not_recorded", {{"error", second.what()}});
    }
    throw;
  }
  log_.end_progress();
  attempt_.stages.seconds["total"] = std::chrono::duration<double>(Clock::now() - start).count();
  result_.exit_code = outcome(result_);
  if (!todo.empty()) {
    record_end(folder, result_.exit_code,
               result_.members_failed == 0
                   ? "done"
                   : fmt::format("{} of {} members left the finite numbers", result_.members_failed, todo.size()));
  }
  result_.manifest = folder.outline();
  result_.all_complete = result_.manifest.complete == static_cast<int64_t>(WorkPlan(spec_).size());
  return std::move(result_);
}

}  // namespace

RunResult run_job(const JobSpec& spec, const RunOptions& options, Downloader& downloader, Log& log) {
  return JobRun(spec, options, downloader, log).run();
}

}  // namespace hens
