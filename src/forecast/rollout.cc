#include "forecast/rollout.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

#include "base/error.h"
#include "base/stop.h"
#include "grid/channels.h"

namespace hens {
namespace {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Gathers the files of a member's outputs, and publishes its marker with the last of them. Called by writers' threads.
class Completion {
 public:
  Completion(RunFolder& folder, MemberTask task, MemberTime time, size_t outputs)
      : folder_(folder), task_(task), time_(time), remaining_(outputs) {}

  void add(const fs::path& store_folder, const std::vector<StoredFile>& files) {
    const std::lock_guard guard(mutex_);
    for (StoredFile file : files) {
      file.path = (store_folder / file.path).string();
      files_.push_back(std::move(file));
    }
    if (--remaining_ > 0) return;
    std::sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    folder_.complete(task_, std::move(files_), time_);
  }

 private:
  std::mutex mutex_;
  RunFolder& folder_;
  MemberTask task_;
  MemberTime time_;
  size_t remaining_;
  std::vector<StoredFile> files_;
};

// A member under way: its open outputs, and whether it is still among the finite numbers.
struct MemberOutput {
  MemberTask task;
  std::vector<std::shared_ptr<WriteQueue::Ticket>> tickets;  // one an output
  bool finite = true;
};

bool all_finite(std::span<const float> field) {
  return std::all_of(field.begin(), field.end(), [](float value) { return std::isfinite(value); });
}

std::vector<MemberOutput> open_outputs(const Rollout& rollout, std::span<const MemberTask> batch) {
  std::vector<MemberOutput> members;
  for (const MemberTask& task : batch) {
    MemberOutput member{task};
    for (const OutputTarget& output : rollout.outputs) {
      member.tickets.push_back(rollout.queue.open(output.store->member(task.time, task.member)));
    }
    members.push_back(std::move(member));
  }
  return members;
}

void give_up(const Rollout& rollout, MemberOutput& member, int step, const std::string& variable) {
  member.finite = false;
  member.tickets.clear();
  rollout.folder.record_failed({member.task, {step, variable}});
  rollout.log.error(
      "member_not_finite",
      {{"model", member.task.model}, {"member", member.task.member}, {"step", step}, {"variable", variable}});
}

// One output's fields after `step` steps, on their way to the host.
struct Fetched {
  size_t output;
  int step, lead;
  std::function<at::Tensor()> fields;  // [member, variable, lat, lon]
};

std::vector<Fetched> fetch_all(const Rollout& rollout, int step) {
  std::vector<Fetched> all;
  for (size_t k = 0; k < rollout.outputs.size(); ++k) {
    const int lead = rollout.outputs[k].lead_of_step[step];
    if (lead >= 0) all.push_back({k, step, lead, rollout.engine.fetch(rollout.outputs[k].channels)});
  }
  return all;
}

// Hands one output's fields to the queue. Waiting for the queue is output; waiting for the fields is the step's own
// time.
void hand_over(const Rollout& rollout, const Fetched& fetched, std::vector<MemberOutput>& members, MemberTime& time) {
  const OutputTarget& output = rollout.outputs[fetched.output];
  const at::Tensor fields = fetched.fields();
  const Stopwatch watch;
  const size_t points = static_cast<size_t>(fields.size(2) * fields.size(3));
  const float* values = fields.const_data_ptr<float>();
  for (size_t m = 0; m < members.size(); ++m) {
    for (size_t v = 0; v < output.channels.size() && members[m].finite; ++v) {
      const std::span field(values + (m * output.channels.size() + v) * points, points);
      if (!all_finite(field)) {
        give_up(rollout, members[m], fetched.step, output.store->layout().variables[v]);
        break;
      }
      rollout.queue.append(members[m].tickets[fetched.output], static_cast<int>(v), fetched.lead, field);
    }
  }
  time.output_wait += watch.seconds();
}

void hand_over_all(const Rollout& rollout, const std::vector<Fetched>& all, std::vector<MemberOutput>& members,
                   MemberTime& time) {
  for (const Fetched& fetched : all) hand_over(rollout, fetched, members, time);
}

void finish_member(const Rollout& rollout, const MemberOutput& member, MemberTime time) {
  time.length = member.task.length;
  time.model = member.task.model;
  time.time = member.task.time;
  time.member = member.task.member;
  const auto completion = std::make_shared<Completion>(rollout.folder, member.task, time, rollout.outputs.size());
  for (size_t k = 0; k < rollout.outputs.size(); ++k) {
    rollout.queue.finish(member.tickets[k], [completion, folder = rollout.outputs[k].folder](auto files) {
      completion->add(folder, files);
    });
  }
}

at::Tensor initial_states(const Rollout& rollout, std::span<const MemberTask> batch) {
  std::vector<at::Tensor> states;
  for (const MemberTask& task : batch) states.push_back(rollout.perturber.member(task.member));
  return at::stack(states);  // [member, channel, lat, lon]
}

}  // namespace

OutputTarget make_output_target(const OutputSpec& output, int steps, const std::vector<std::string>& model_channels,
                                Store& store, fs::path folder) {
  OutputTarget target{&store, std::move(folder), channel_positions(output.variables, model_channels)};
  const std::vector<Duration> leads = output_leads(output, steps);
  for (int step = 0; step <= steps; ++step) {
    const auto found = std::find(leads.begin(), leads.end(), step * model_step);
    target.lead_of_step.push_back(found == leads.end() ? -1 : static_cast<int>(found - leads.begin()));
  }
  return target;
}

int run_members(const Rollout& rollout, std::span<const MemberTask> batch, Time initial_time) {
  const Stopwatch total;
  MemberTime time;  // of the whole batch

  const at::Tensor states = initial_states(rollout, batch);
  time.perturbation = total.seconds();

  std::vector<MemberOutput> members = open_outputs(rollout, batch);
  rollout.engine.start(states, initial_time);
  if (rollout.check) rollout.check->start(states, initial_time);
  // While a GPU computes the next step, the last one's fields come to the host and go to the writers.
  std::vector<Fetched> fetched = fetch_all(rollout, 0);
  for (int step = 1; step <= rollout.steps; ++step) {
    stop_if_requested();
    rollout.engine.step();
    hand_over_all(rollout, fetched, members, time);
    fetched = fetch_all(rollout, step);
    if (rollout.check) rollout.check->step(step, step == rollout.steps);
    if (rollout.on_step) rollout.on_step(static_cast<int>(batch.size()));
    if (std::none_of(members.begin(), members.end(), [](const auto& member) { return member.finite; })) break;
  }

  hand_over_all(rollout, fetched, members, time);

  time.total = total.seconds();
  time.steps = time.total - time.perturbation - time.output_wait;
  const double share = 1.0 / static_cast<double>(batch.size());
  int failed = 0;
  for (const MemberOutput& member : members) {
    if (!member.finite) {
      ++failed;
      continue;
    }
    finish_member(rollout, member,
                  {.perturbation = time.perturbation * share,
                   .steps = time.steps * share,
                   .output_wait = time.output_wait * share,
                   .total = time.total * share});
  }
  return failed;
}

}  // namespace hens
