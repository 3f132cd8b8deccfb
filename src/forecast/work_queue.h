// What is left to be done of a job, handed out in items to one worker or several, each of which holds one model at a
// time.
//
// Which item comes next decides how long a job takes, and nothing else: a member's bytes do not depend on it.
//   - A worker goes on with the model it holds, and with the initial time it is prepared for, while there is work.
//   - Else it takes the model with most work left for each worker that holds it. It does not join others on a model
//     where loading it would take longer than they need without help.
//   - Items shrink as a model's work does (guided self-scheduling; Polychronopoulos and Kuck, 1987): at the end all
//     workers end within a small item of one another.
// Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "job/work_plan.h"

namespace hens {

// Members of one model, length and initial time, in running order.
struct WorkItem {
  int model = 0, length = 0, time = 0;
  std::vector<MemberId> tasks;
};

struct WorkQueueOptions {
  int workers = 1;
  int granule = 2;         // members: the smallest item; a pair shares its breeding, a batch its steps
  bool control = false;    // of the ensemble: breeding_group()
  double load_steps = 60;  // what loading a model takes, in member-steps: 2.2 s of 36 ms on an H100
  double start_steps = 6;  // what preparing an initial time takes: analyses and breeding's control
};

class WorkQueue {
 public:
  // `steps[length]`: steps of a member of that length.
  WorkQueue(const std::vector<MemberId>& tasks, std::vector<int> steps, WorkQueueOptions options = {});

  // The next item for `worker` (from 0), which no other gets; none where nothing is left that it should take. What the
  // worker held before counts as held until it asks again.
  std::optional<WorkItem> next(int worker);

  // The model that `worker` would take if it asked now and the one it holds were done; none where there is none.
  std::optional<int> model_after(int worker) const;

  // Gives back an item whose worker ended without doing all of it: `left` of it is handed out again. The worker holds
  // nothing then.
  void give_back(int worker, const std::vector<MemberId>& left);

  size_t members_left() const;

 private:
  struct Group {
    int length = 0, time = 0;
    std::vector<MemberId> tasks;  // in reverse: the next is the last
  };
  struct Holding {
    int model = -1, length = -1, time = -1;
  };
  Group& group_of(const MemberId& task);
  double steps_left(const std::vector<Group>& groups) const;
  int holders(int model) const;
  std::optional<int> choose_model(const Holding& holding) const;
  size_t choose_group(int model, const Holding& holding) const;
  WorkItem cut(int model, Group& group);

  mutable std::mutex mutex_;
  std::map<int, std::vector<Group>> models_;  // without empty groups, without models that have none
  std::vector<int> steps_;
  WorkQueueOptions options_;
  std::vector<Holding> holding_;  // [worker]
};

}  // namespace hens
