#include "forecast/work_queue.h"

#include <algorithm>

namespace hens {

WorkQueue::WorkQueue(const std::vector<MemberId>& tasks, std::vector<int> steps, WorkQueueOptions options)
    : steps_(std::move(steps)), options_(options), holding_(static_cast<size_t>(options.workers)) {
  for (const MemberId& task : tasks) group_of(task).tasks.push_back(task);
  for (auto& [model, groups] : models_) {
    for (Group& group : groups) std::reverse(group.tasks.begin(), group.tasks.end());
  }
}

WorkQueue::Group& WorkQueue::group_of(const MemberId& task) {
  std::vector<Group>& groups = models_[task.model];
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
    return group.length == task.length && group.time == task.time;
  });
  return found == groups.end() ? groups.emplace_back(Group{task.length, task.time, {}}) : *found;
}

double WorkQueue::steps_left(const std::vector<Group>& groups) const {
  double steps = 0;
  for (const Group& group : groups) steps += static_cast<double>(group.tasks.size()) * steps_.at(group.length);
  return steps;
}

int WorkQueue::holders(int model) const {
  return static_cast<int>(std::ranges::count(holding_, model, &Holding::model));
}

// Ties go to the model that comes first in the job.
std::optional<int> WorkQueue::choose_model(const Holding& holding) const {
  if (models_.contains(holding.model)) return holding.model;
  std::optional<int> best;
  double most = 0;
  for (const auto& [model, groups] : models_) {
    const int others = holders(model);
    const double left = steps_left(groups);
    const double without_help = others == 0 ? left : left / others;
    if (others > 0 && without_help < options_.load_steps + options_.start_steps) continue;
    const double share = left / (others + 1);
    if (!best || share > most) best = model, most = share;
  }
  return best;
}

// The initial time that the worker is prepared for; else one that no other works on; else the one with most left.
size_t WorkQueue::choose_group(int model, const Holding& holding) const {
  const std::vector<Group>& groups = models_.at(model);
  if (holding.model == model) {
    for (const bool same_length : {true, false}) {
      for (size_t g = 0; g < groups.size(); ++g) {
        if (groups[g].time == holding.time && (!same_length || groups[g].length == holding.length)) return g;
      }
    }
  }
  const auto taken = [&](const Group& group) {
    return std::ranges::any_of(holding_, [&](const Holding& other) {
      return &other != &holding && other.model == model && other.time == group.time;
    });
  };
  const auto left = [&](const Group& group) { return group.tasks.size() * steps_.at(group.length); };
  size_t best = 0;
  for (size_t g = 1; g < groups.size(); ++g) {
    const bool best_taken = taken(groups[best]), this_taken = taken(groups[g]);
    if (best_taken && !this_taken) best = g;
    if (best_taken && this_taken && left(groups[g]) > left(groups[best])) best = g;
  }
  return best;
}

WorkItem WorkQueue::cut(int model, Group& group) {
  size_t count = group.tasks.size();
  if (options_.workers > 1) {
    size_t all = 0;
    for (const Group& other : models_.at(model)) all += other.tasks.size();
    const auto granule = static_cast<size_t>(std::max(options_.granule, 1));
    const size_t guided = all / (2 * static_cast<size_t>(options_.workers)) / granule * granule;
    count = std::min(count, std::max(granule, guided));
    // Both members of a pair share their breeding.
    const auto pair_goes_on = [&] {
      return count < group.tasks.size() &&
             breeding_group(group.tasks[group.tasks.size() - count].member, options_.control) ==
                 breeding_group(group.tasks[group.tasks.size() - count - 1].member, options_.control);
    };
    if (pair_goes_on()) ++count;
  }
  WorkItem block{model, group.length, group.time, {}};
  for (; count > 0; --count) {
    block.tasks.push_back(group.tasks.back());
    group.tasks.pop_back();
  }
  return block;
}

std::optional<WorkItem> WorkQueue::next(int worker) {
  const std::lock_guard guard(mutex_);
  Holding& holding = holding_.at(static_cast<size_t>(worker));
  const std::optional<int> model = choose_model(holding);
  if (!model) {
    holding = {};
    return std::nullopt;
  }
  std::vector<Group>& groups = models_.at(*model);
  const auto group = groups.begin() + static_cast<std::ptrdiff_t>(choose_group(*model, holding));
  WorkItem block = cut(*model, *group);
  if (group->tasks.empty()) groups.erase(group);
  if (groups.empty()) models_.erase(*model);
  holding = {block.model, block.length, block.time};
  return block;
}

std::optional<int> WorkQueue::model_after(int worker) const {
  const std::lock_guard guard(mutex_);
  const Holding& holding = holding_.at(static_cast<size_t>(worker));
  std::optional<int> best;
  double most = 0;
  for (const auto& [model, groups] : models_) {
    if (model == holding.model) continue;
    const double share = steps_left(groups) / (holders(model) + 1);
    if (!best || share > most) best = model, most = share;
  }
  return best;
}

void WorkQueue::give_back(int worker, const std::vector<MemberId>& left) {
  const std::lock_guard guard(mutex_);
  holding_.at(static_cast<size_t>(worker)) = {};
  for (auto task = left.rbegin(); task != left.rend(); ++task) group_of(*task).tasks.push_back(*task);
}

size_t WorkQueue::members_left() const {
  const std::lock_guard guard(mutex_);
  size_t members = 0;
  for (const auto& [model, groups] : models_) {
    for (const Group& group : groups) members += group.tasks.size();
  }
  return members;
}

}  // namespace hens
