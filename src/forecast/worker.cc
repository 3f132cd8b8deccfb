#include "forecast/worker.h"

#include <algorithm>
#include <future>
#include <set>
#include <utility>

#include "base/cpus.h"
#include "base/stopwatch.h"
#include "forecast/stage.h"
#include "forecast/store_sink.h"
#include "model/device.h"

namespace hens {
namespace {

// Beside a GPU half of the process's cores, since they have little else to do: compressed formats need several to keep
// up with its steps. On a CPU two, which take turns with the model.
int writers_of(const RuntimeSpec& runtime, at::Device device) {
  if (runtime.writers > 0) return runtime.writers;
  const int threads = runtime.threads > 0 ? runtime.threads : usable_cpus();
  return device.is_cuda() ? std::clamp(threads / 2, 2, 8) : 2;
}

}  // namespace

Worker::Worker(const WorkerJob& job, at::Device device, std::function<void(int model, int steps, int members)> on_steps)
    : job_(job),
      device_(device),
      on_steps_(std::move(on_steps)),
      energy_(device),
      analyses_(job.source),
      queue_(writers_of(job.spec.runtime, device), job.spec.runtime.queue_fields) {}

Worker::~Worker() = default;

WorkerReport Worker::report() const {
  WorkerReport report = report_;
  report.energy_joules = energy_.joules();
  return report;
}

at::Tensor Worker::analysis(Time time) {
  const StageTimer timer(stage("analysis"));
  return analyses_.load(time, job_.models.packages[model_]);
}

// The model, loaded while the analyses of its first initial time come. What is left to wait for then counts as `load`.
// A model that cannot be loaded ends the run before the next analysis is asked for.
std::unique_ptr<Engine> Worker::load_beside_analyses(int model, Time first_time) {
  double seconds = 0;
  std::unique_ptr<Engine> engine;
  std::future<std::unique_ptr<Engine>> coming = std::async(std::launch::async, [&] {
    const Stopwatch watch;
    use_device(device_);
    std::unique_ptr<Engine> loaded =
        make_engine(job_.engine, job_.models.packages[model], device_, job_.spec.forecast,
                    weight_folder(job_.downloader.options().cache), job_.models.digests[model]);
    synchronize(device_);
    seconds = watch.seconds();
    return loaded;
  });
  for (const Time time :
       analysis_times(job_.spec.perturbation, first_time, job_.models.packages[model].config.time_step)) {
    if (!engine && coming.wait_for(std::chrono::seconds(0)) == std::future_status::ready) engine = coming.get();
    analysis(time);
  }
  const StageTimer timer(stage("load"));
  if (!engine) engine = coming.get();
  refuse_changed(job_.models, model, job_.spec, job_.downloader);
  report_.model_load_seconds[model] = seconds;
  return engine;
}

void Worker::unload() {
  if (!engine_) return;
  const uint64_t bytes = peak_gpu_bytes(device_) + engine_->device_bytes() + std::exchange(statistics_bytes_, 0);
  report_.peak_gpu_bytes = std::max(report_.peak_gpu_bytes, bytes);
  check_.reset();  // looks at the engine
  perturber_.reset();
  engine_.reset();
}

void Worker::load(int model, Time first_time) {
  drop_sinks();
  unload();
  model_ = model, time_ = -1, length_ = -1;
  engine_ = load_beside_analyses(model, first_time);
  report_.engine = engine_->name();
  report_.batch_invariant = engine_->batch_invariant();
  perturber_.emplace(job_.spec.perturbation, *engine_, job_.spec.ensemble);
}

// The weights of the model that comes next come into the page cache while this one's members run.
void Worker::read_ahead(std::optional<int> model) {
  if (!model || model == read_model_) return;
  read_model_ = model;
  ahead_.reset();
  ahead_.emplace(engine_file(job_.engine, job_.models.packages[*model], weight_folder(job_.downloader.options().cache),
                             job_.models.digests[*model]));
}

// Analyses and breeding control are shared by all members of a model and initial time, of every length.
void Worker::prepare(int time) {
  const Time initial_time = job_.spec.initial_conditions.times[time];
  std::vector<at::Tensor> analyses;
  for (const Time needed : analysis_times(job_.spec.perturbation, initial_time, engine_->time_step()))
    analyses.push_back(analysis(needed));
  const StageTimer timer(stage("breeding_control"));
  perturber_->prepare(*engine_, std::move(analyses), initial_time, model_);
  time_ = time;
}

// Statistics that are in no part yet are published, tracks are linked; what stores have still to write they write.
void Worker::drop_sinks() {
  {
    const StageTimer timer(stage("finish_output"));
    for (StatisticsSink* statistics : statistics_) statistics->drain();
    for (TrackSink* tracks : tracks_) tracks->drain();
  }
  statistics_.clear();
  tracks_.clear();
  sinks_.clear();
}

void Worker::make_sinks(int length) {
  drop_sinks();
  length_ = length;
  for (const RunStore& store : job_.stores) {
    if (store.model != model_ || store.length != length) continue;
    const OutputSpec& output = job_.spec.output[store.output];
    const RegionSpec* const region = region_named(job_.spec.regions, output.region);
    std::optional<RegionCut> cut;
    if (region != nullptr) cut = cut_region(*region, engine_->grid());
    sinks_.push_back(
        std::make_unique<StoreSink>(output, job_.spec.forecast.steps[length],
                                    FieldSelection(output.variables, engine_->channel_names(), std::move(cut)),
                                    *store.store, store.folder, queue_));
  }
  for (int k = 0; k < static_cast<int>(job_.spec.tracks.size()); ++k) make_track_sink(k);
  uint64_t bytes = 0;
  for (const std::string& region : statistics_regions(job_.spec)) {
    auto statistics = std::make_unique<StatisticsSink>(job_.parts, length, model_, region, job_.spec.runtime.block,
                                                       engine_->channel_names(), device_);
    bytes += statistics->device_bytes();
    statistics_.push_back(statistics.get());
    sinks_.push_back(std::move(statistics));
  }
  statistics_bytes_ = std::max(statistics_bytes_, bytes);
}

// Of the statistics of any region, each member once.
std::vector<MemberId> Worker::lost_members() {
  std::set<MemberId> lost;
  for (StatisticsSink* statistics : statistics_) {
    for (const MemberId& task : statistics->lost()) lost.insert(task);
  }
  return {lost.begin(), lost.end()};
}

void Worker::make_track_sink(int tracks) {
  auto tracker = make_tracker(job_.spec.tracks[static_cast<size_t>(tracks)], engine_->grid(), engine_->time_step(),
                              job_.models.packages[static_cast<size_t>(model_)].orography);
  auto sink =
      std::make_unique<TrackSink>(TrackSink::Place{job_.parts.root, job_.spec, tracks}, std::move(tracker),
                                  engine_->time_step(), engine_->channel_names(), job_.spec.runtime.queue_fields);
  tracks_.push_back(sink.get());
  sinks_.push_back(std::move(sink));
}

void Worker::record_check(const MemberId& task, const nlohmann::ordered_json& by_step) {
  nlohmann::ordered_json entry{{"model", task.model},
                               {"steps", job_.spec.forecast.steps[task.length]},
                               {"time", task.time},
                               {"member", task.member},
                               {"by_step", by_step}};
  if (!by_step.empty()) {
    nlohmann::json fields = by_step.back();
    fields["model"] = task.model, fields["member"] = task.member;
    job_.log.info("check_against_reference", fields);
  }
  report_.checks.push_back(std::move(entry));
}

void Worker::run_batch(Rollout& rollout, std::span<const MemberId> members) {
  const bool checks = std::ranges::any_of(members, [&](const MemberId& task) { return is_checked_task(task); });
  if (checks && !check_) {
    const StageTimer timer(stage("load_reference"));
    check_ = std::make_unique<ReferenceCheck>(job_.models.packages[model_], *engine_, job_.spec.forecast.sun);
  }
  rollout.check = checks ? check_.get() : nullptr;
  const int failed = run_members(rollout, members, job_.spec.initial_conditions.times[time_]);
  for (size_t i = 0; checks && i < members.size(); ++i) {
    if (is_checked_task(members[i])) record_check(members[i], check_->result(static_cast<int>(i)));
  }
  report_.work.member_steps += rollout.work.member_steps, report_.work.seconds += rollout.work.seconds;
  rollout.work = {};
  report_.members_failed += failed;
  report_.members_done += static_cast<int>(members.size()) - failed;
}

void Worker::run(const WorkItem& block, std::optional<int> next_model) {
  if (block.model != model_) load(block.model, job_.spec.initial_conditions.times[block.time]);
  read_ahead(next_model);
  if (block.time != time_) prepare(block.time);
  if (block.length != length_) make_sinks(block.length);
  for (StatisticsSink* statistics : statistics_) statistics->look_again();

  const int steps = job_.spec.forecast.steps[block.length];
  Rollout rollout{*engine_, *perturber_, job_.records, job_.log, {}, steps};
  for (const auto& sink : sinks_) rollout.sinks.push_back(sink.get());
  rollout.on_step = [&](int members) { on_steps_(block.model, steps, members); };
  const StageTimer timer(stage("members"));
  run_members_of(rollout, block.tasks);
  // Where a member left the finite numbers, those that were summed up with it are rolled out once more.
  for (std::vector<MemberId> again = lost_members(); !again.empty(); again = lost_members()) {
    // In another region they may stand in a part already, and do not count there a second time.
    for (StatisticsSink* statistics : statistics_) statistics->look_again();
    job_.log.info("statistics_again", {{"members", again.size()}, {"model", block.model}});
    report_.members_done -= static_cast<int>(again.size());
    run_members_of(rollout, again);
  }
}

void Worker::run_members_of(Rollout& rollout, std::span<const MemberId> members) {
  const size_t batch = engine_->batch_invariant() ? static_cast<size_t>(std::max(job_.spec.runtime.batch, 1)) : 1;
  for (size_t first = 0; first < members.size(); first += batch) {
    if (const size_t next = first + batch; next < members.size()) perturber_->expect(members[next].member);
    run_batch(rollout, members.subspan(first, std::min(batch, members.size() - first)));
  }
}

void Worker::finish() {
  drop_sinks();
  {
    const StageTimer timer(stage("finish_output"));
    queue_.drain();
  }
  unload();
}

}  // namespace hens
