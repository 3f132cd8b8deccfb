#include "forecast/work_queue.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace hens {
namespace {

std::vector<MemberId> tasks_of(int models, int times, int members, int lengths = 1) {
  std::vector<MemberId> tasks;
  for (int model = 0; model < models; ++model) {
    for (int length = 0; length < lengths; ++length) {
      for (int time = 0; time < times; ++time) {
        for (int member = 0; member < members; ++member) tasks.push_back(member_id(length, model, time, member));
      }
    }
  }
  return tasks;
}

TEST(WorkQueue, OneWorkerGetsTheJobInItsOwnOrderUncut) {
  const std::vector<MemberId> tasks = tasks_of(2, 2, 5, 2);
  WorkQueue queue(tasks, {4, 40});
  std::vector<MemberId> order;
  std::vector<size_t> sizes;
  while (const auto block = queue.next(0)) {
    order.insert(order.end(), block->tasks.begin(), block->tasks.end());
    sizes.push_back(block->tasks.size());
  }
  EXPECT_EQ(std::set(order.begin(), order.end()), std::set(tasks.begin(), tasks.end()));
  EXPECT_EQ(order.size(), tasks.size());
  EXPECT_EQ(sizes, std::vector<size_t>(8, 5));
  EXPECT_TRUE(std::ranges::is_sorted(order, {}, &MemberId::model)) << "each model is loaded once";
}

TEST(WorkQueue, EveryMemberIsHandedOutOnceWhateverTheNumberOfWorkers) {
  const std::vector<MemberId> tasks = tasks_of(3, 2, 37);
  for (const int workers : {2, 3, 8, 300}) {
    WorkQueue queue(tasks, {4}, {.workers = workers, .load_steps = 0, .start_steps = 0});
    std::vector<MemberId> all;
    for (bool any = true; any;) {
      any = false;
      for (int worker = 0; worker < workers; ++worker) {
        if (const auto block = queue.next(worker)) {
          any = true;
          all.insert(all.end(), block->tasks.begin(), block->tasks.end());
          for (const MemberId& task : block->tasks) EXPECT_EQ(task.model, block->model);
        }
      }
    }
    EXPECT_EQ(all.size(), tasks.size()) << workers;
    EXPECT_EQ(std::set(all.begin(), all.end()).size(), tasks.size()) << workers;
    EXPECT_EQ(queue.members_left(), 0u);
  }
}

TEST(WorkQueue, PairsStayTogether) {
  WorkQueue queue(tasks_of(1, 1, 64), {4}, {.workers = 5, .granule = 3, .load_steps = 0});
  std::vector<std::optional<WorkItem>> held;
  for (int round = 0; queue.members_left() > 0; ++round) {
    const auto block = queue.next(round % 5);
    ASSERT_TRUE(block);
    EXPECT_EQ(block->tasks.front().member % 2, 0) << "a pair was cut before " << block->tasks.front().member;
  }
}

TEST(WorkQueue, BehindAControlPairsStayTogetherToo) {
  WorkQueue queue(tasks_of(1, 1, 65), {4}, {.workers = 5, .granule = 3, .control = true, .load_steps = 0});
  for (int round = 0; queue.members_left() > 0; ++round) {
    const auto block = queue.next(round % 5);
    ASSERT_TRUE(block);
    const int first = block->tasks.front().member;
    EXPECT_TRUE(first == 0 || first % 2 == 1) << "a pair was cut before " << first;
  }
}

TEST(WorkQueue, AWorkerStaysWithItsModelAndOthersTakeOthers) {
  WorkQueue queue(tasks_of(2, 1, 64), {40}, {.workers = 2});
  const auto first = queue.next(0), second = queue.next(1);
  EXPECT_NE(first->model, second->model);
  EXPECT_EQ(queue.next(0)->model, first->model);
  EXPECT_EQ(queue.next(1)->model, second->model);
  EXPECT_EQ(queue.model_after(0), second->model);
}

TEST(WorkQueue, NobodyLoadsAModelForLessWorkThanLoadingIs) {
  WorkQueue queue(tasks_of(1, 1, 4), {4}, {.workers = 2, .load_steps = 60});
  EXPECT_TRUE(queue.next(0));
  EXPECT_FALSE(queue.next(1));
  EXPECT_TRUE(queue.next(0)) << "the one that holds it goes on";
}

TEST(WorkQueue, WhatAWorkerLeftIsHandedOutAgain) {
  const std::vector<MemberId> tasks = tasks_of(1, 1, 8);
  WorkQueue queue(tasks, {4}, {.workers = 2, .load_steps = 0});
  const auto lost = queue.next(0);
  std::vector<MemberId> done;
  queue.give_back(0, {lost->tasks.begin() + 1, lost->tasks.end()});
  while (const auto block = queue.next(1)) done.insert(done.end(), block->tasks.begin(), block->tasks.end());
  EXPECT_EQ(std::set(done.begin(), done.end()), std::set(tasks.begin() + 1, tasks.end()));
}

// What workers would do, in units of a member-step: a block costs its member-steps, loading a model and preparing an
// initial time what the options say.
struct Simulated {
  double wall = 0, busy_share = 0, tail = 0;  // busy: stepping
};

Simulated simulate(const std::vector<MemberId>& tasks, int steps, const WorkQueueOptions& options, double bred_pair) {
  WorkQueue queue(tasks, {steps}, options);
  struct State {
    double free_at = 0, stepping = 0;
    int model = -1, time = -1;
  };
  std::vector<State> workers(static_cast<size_t>(options.workers));
  std::set<int> ended;
  while (ended.size() < workers.size()) {
    int next = -1;
    for (int w = 0; w < options.workers; ++w) {
      if (!ended.contains(w) && (next < 0 || workers[w].free_at < workers[next].free_at)) next = w;
    }
    State& worker = workers[next];
    const auto block = queue.next(next);
    if (!block) {
      ended.insert(next);
      continue;
    }
    if (block->model != worker.model) worker.free_at += options.load_steps;
    if (block->model != worker.model || block->time != worker.time) worker.free_at += options.start_steps;
    worker.model = block->model, worker.time = block->time;
    const auto members = static_cast<double>(block->tasks.size());
    const double stepping = members * steps + members / 2 * bred_pair;
    worker.free_at += stepping, worker.stepping += stepping;
  }
  Simulated result;
  double first_end = workers.front().free_at;
  for (const State& worker : workers) {
    result.wall = std::max(result.wall, worker.free_at);
    first_end = std::min(first_end, worker.free_at);
    result.busy_share += worker.stepping;
  }
  result.busy_share /= result.wall * options.workers;
  result.tail = result.wall - first_end;
  return result;
}

// The published ensemble of one date on one host with eight GPUs: 29 checkpoints, 256 members, 60 steps. Durations as
// measured on an H100 with weights in the page cache, in steps of 36 ms.
TEST(WorkQueue, KeepsEightGpusBusyWithTwentyNineModels) {
  const Simulated result =
      simulate(tasks_of(29, 1, 256), 60, {.workers = 8, .granule = 2, .load_steps = 60, .start_steps = 10}, 3.75);
  EXPECT_GE(result.busy_share, 0.97);
  RecordProperty("busy_share", std::to_string(result.busy_share));
  RecordProperty("tail_steps", std::to_string(result.tail));
}

// Two models of 32 members and 40 steps: two GPUs need half the time of one but for what loading costs.
TEST(WorkQueue, TwoGpusShareTwoModels) {
  const std::vector<MemberId> tasks = tasks_of(2, 1, 32);
  const Simulated one = simulate(tasks, 40, {.workers = 1, .load_steps = 60, .start_steps = 10}, 3.75);
  const Simulated two = simulate(tasks, 40, {.workers = 2, .load_steps = 60, .start_steps = 10}, 3.75);
  EXPECT_GE(one.wall / two.wall, 1.94);
  EXPECT_LE(two.tail, 85) << "3 s of 36 ms";
}

// More workers than models: they join one another. At best each of eight loads one model and does an eighth of the
// work.
TEST(WorkQueue, WorkersJoinOneAnotherWhereItPays) {
  const WorkQueueOptions options{.workers = 8, .load_steps = 60, .start_steps = 10};
  const double share = 3 * 64 * (60 + 3.75 / 2) / 8;
  const double best = share / (share + options.load_steps + options.start_steps);
  EXPECT_GE(simulate(tasks_of(3, 1, 64), 60, options, 3.75).busy_share, 0.9 * best);
}

}  // namespace
}  // namespace hens
