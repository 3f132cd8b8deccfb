// One device's share of a job: it loads a model, prepares an initial time, and rolls members out, item by item.
//
// Between items it keeps what the next may need again: the engine while the model stays the same, the breeding control
// while the initial time does, and analyses across models. Not thread-safe; several may live in one process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/read_ahead.h"
#include "forecast/analyses.h"
#include "forecast/make_engine.h"
#include "forecast/models.h"
#include "forecast/reference_check.h"
#include "forecast/rollout.h"
#include "forecast/statistics_sink.h"
#include "forecast/track_sink.h"
#include "forecast/work_queue.h"
#include "model/device.h"
#include "run/layout.h"
#include "run/manifest.h"
#include "store/write_queue.h"

namespace hens {

// What all workers of a job share. References outlive the workers.
struct WorkerJob {
  const JobSpec& spec;
  const JobModels& models;
  Source& source;
  Downloader& downloader;
  MemberRecords& records;
  Log& log;
  const std::vector<RunStore>& stores;
  const PartsTarget& parts;
  EngineKind engine = EngineKind::reference;  // resolved
  double check = 0;                           // fraction of members that the reference engine steps, too
};

// What a worker did, for the attempt's record.
struct WorkerReport {
  std::string engine;
  bool batch_invariant = false;
  StageTimes stages;
  std::map<int, double> model_load_seconds;  // by model
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  uint64_t peak_gpu_bytes = 0;
  StepWork work;
  std::optional<double> energy_joules;  // of the card while the worker was there
  int members_done = 0, members_failed = 0;
};

class Worker {
 public:
  // `on_steps` is called after each step of a batch, with the number of its members.
  Worker(const WorkerJob& job, at::Device device, std::function<void(int model, int steps, int members)> on_steps);
  ~Worker();

  // Does the item's members; those it gives up are recorded. `next_model`: what is likely to come after this model; it
  // is brought into the page cache meanwhile. Throws Error{interrupted} between steps when a stop was asked for.
  void run(const WorkItem& item, std::optional<int> next_model);

  // Waits until everything is durable.
  void finish();

  WorkerReport report() const;

 private:
  void load(int model, Time first_time);
  void unload();
  std::unique_ptr<Engine> load_beside_analyses(int model, Time first_time);
  void read_ahead(std::optional<int> model);
  void prepare(int time);
  void make_sinks(int length);
  void make_track_sink(int tracks);
  void drop_sinks();
  std::vector<MemberId> lost_members();
  void run_members_of(Rollout& rollout, std::span<const MemberId> members);
  void run_batch(Rollout& rollout, std::span<const MemberId> members);
  bool is_checked_task(const MemberId& task) const { return is_checked(task.member, job_.check); }
  void record_check(const MemberId& task, const nlohmann::ordered_json& by_step);
  at::Tensor analysis(Time time);
  double& stage(const char* name) { return report_.stages.seconds[name]; }

  const WorkerJob& job_;
  at::Device device_;
  std::function<void(int, int, int)> on_steps_;
  WorkerReport report_;
  EnergyMeter energy_;
  Analyses analyses_;
  WriteQueue queue_;

  // Of the model at hand.
  int model_ = -1, time_ = -1, length_ = -1;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ReferenceCheck> check_;
  std::optional<Perturber> perturber_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  uint64_t statistics_bytes_ = 0;            // of the GPU's memory, at most, with this model
  std::vector<StatisticsSink*> statistics_;  // some of them, where the job has statistics: one a region
  std::vector<TrackSink*> tracks_;           // some of them
  std::optional<ReadAhead> ahead_;
  std::optional<int> read_model_;  // what ahead_ reads
};

}  // namespace hens
