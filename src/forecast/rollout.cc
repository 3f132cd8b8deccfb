#include "forecast/rollout.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "base/error.h"
#include "base/stop.h"
#include "base/stopwatch.h"

namespace hens {
namespace {

// Gathers the files that a member's sinks left, and completes it with the last of them. Called by any thread.
class Completion {
 public:
  Completion(MemberRecords& records, MemberId task, MemberTime time, size_t sinks)
      : records_(records), task_(task), time_(time), remaining_(sinks) {}

  void add(std::vector<StoredFile> files) {
    const std::lock_guard guard(mutex_);
    std::move(files.begin(), files.end(), std::back_inserter(files_));
    if (--remaining_ > 0) return;
    std::sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    records_.complete(task_, std::move(files_), time_);
  }

 private:
  std::mutex mutex_;
  MemberRecords& records_;
  MemberId task_;
  MemberTime time_;
  size_t remaining_;
  std::vector<StoredFile> files_;
};

// A batch under way: which of its members are still among the finite numbers.
class Batch {
 public:
  Batch(const Rollout& rollout, std::span<const MemberId> members)
      : rollout_(rollout), members_(members), finite_(members.size(), true) {
    for (Sink* sink : rollout_.sinks) sink->begin(members_);
  }

  bool any_finite() const { return std::find(finite_.begin(), finite_.end(), true) != finite_.end(); }
  int failed() const { return static_cast<int>(std::count(finite_.begin(), finite_.end(), false)); }

  void take(int step) {
    for (Sink* sink : rollout_.sinks) sink->take(step, rollout_.engine);
  }

  // Returns the seconds that sinks waited for room.
  double deliver() {
    double waited = 0;
    for (Sink* sink : rollout_.sinks) {
      const Sink::Delivery delivery = sink->deliver();
      waited += delivery.seconds_waiting;
      for (const Sink::Failure& failure : delivery.failures) give_up(failure);
    }
    return waited;
  }

  // `time` is the whole batch's.
  void finish(const MemberTime& time) {
    for (size_t m = 0; m < members_.size(); ++m) {
      if (finite_[m]) finish_member(static_cast<int>(m), share_of(time));
    }
  }

 private:
  void give_up(const Sink::Failure& failure) {
    if (!finite_[failure.position]) return;
    finite_[failure.position] = false;
    for (Sink* sink : rollout_.sinks) sink->drop(failure.position);
    const MemberId& task = members_[failure.position];
    rollout_.records.record_failed({task, failure.where});
    rollout_.log.error("member_not_finite", {{"model", task.model},
                                             {"member", task.member},
                                             {"step", failure.where.step},
                                             {"variable", failure.where.variable}});
  }

  MemberTime share_of(const MemberTime& time) const {
    const double share = 1.0 / static_cast<double>(members_.size());
    return {.perturbation = time.perturbation * share,
            .steps = time.steps * share,
            .output_wait = time.output_wait * share,
            .total = time.total * share};
  }

  void finish_member(int position, const MemberTime& time) {
    const auto completion =
        std::make_shared<Completion>(rollout_.records, members_[position], time, rollout_.sinks.size());
    for (Sink* sink : rollout_.sinks) {
      sink->finish(position, [completion](std::vector<StoredFile> files) { completion->add(std::move(files)); });
    }
  }

  const Rollout& rollout_;
  std::span<const MemberId> members_;
  std::vector<bool> finite_;
};

at::Tensor initial_states(const Rollout& rollout, std::span<const MemberId> batch) {
  std::vector<at::Tensor> states;
  for (const MemberId& task : batch) states.push_back(rollout.perturber.member(rollout.engine, task.member));
  return at::stack(states);  // [member, channel, lat, lon]
}

std::vector<MemberKey> keys_of(const Rollout& rollout, std::span<const MemberId> batch) {
  std::vector<MemberKey> keys;
  for (const MemberId& task : batch) keys.push_back(rollout.perturber.member_key(task.member));
  return keys;
}

}  // namespace

int run_members(Rollout& rollout, std::span<const MemberId> members, Time initial_time) {
  const Stopwatch total;
  MemberTime time;  // of the whole batch
  const at::Tensor states = initial_states(rollout, members);
  time.perturbation = total.seconds();

  Batch batch(rollout, members);
  rollout.engine.start(states, initial_time, keys_of(rollout, members));
  if (rollout.check) rollout.check->start(states, initial_time);
  batch.take(0);
  // While a GPU computes a step, what was taken of the one before goes on its way.
  for (int step = 1; step <= rollout.steps; ++step) {
    stop_if_requested();
    rollout.engine.step();
    time.output_wait += batch.deliver();
    batch.take(step);
    if (rollout.check) rollout.check->step(step, step == rollout.steps);
    rollout.work.member_steps += static_cast<int64_t>(members.size());
    if (rollout.on_step) rollout.on_step(static_cast<int>(members.size()));
    if (!batch.any_finite()) break;
  }
  time.output_wait += batch.deliver();

  time.total = total.seconds();
  time.steps = time.total - time.perturbation - time.output_wait;
  rollout.work.seconds += time.steps;
  batch.finish(time);
  return batch.failed();
}

}  // namespace hens
