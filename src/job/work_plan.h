// The work of a job: which members exist, in which order they run, and which of them a shard owns. Pure. A plan may
// have millions of members: WorkPlan numbers them without a list.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/job_spec.h"

namespace hens {

// One member: the unit of work, of durability and of reproducibility.
struct MemberTask {
  int length = 0;  // index into forecast.steps
  int model = 0;   // index into models
  int time = 0;    // index into initial_conditions.times
  int member = 0;  // 0 .. ensemble.members - 1
  auto operator<=>(const MemberTask&) const = default;

  int pair() const { return member / 2; }  // members 2j and 2j+1 are + and - of pair j
  bool is_minus() const { return member % 2 == 1; }
};

// Which part of the plan one process does. Defaults: all of it.
struct Selection {
  std::vector<int> members;   // --members; empty: all
  int shard = 0, shards = 1;  // --shard I/N
};

// "3/8" -> shard 3 of 8. Throws Error{usage} unless 0 <= I < N.
Selection parse_shard(const std::string& text, Selection selection = {});

// The shard that an indexed batch system gave this process, as "I/N". The index is Kubernetes' JOB_COMPLETION_INDEX or
// AWS Batch's AWS_BATCH_JOB_ARRAY_INDEX; the count is HENS_SHARDS (Kubernetes tells none) or AWS_BATCH_JOB_ARRAY_SIZE.
// `variable` returns the value of an environment variable, empty where it is not set. Throws Error{usage} naming the
// variable that is missing.
std::string shard_of_batch_system(const std::function<std::string(const char*)>& variable);

// "17,42" or "0-9,17" -> members. Throws Error{usage}.
std::vector<int> parse_members(const std::string& text);

// All members in running order: model outermost (its weights are loaded once), then length, time, member. Their numbers
// in that order count from 0. Holds a few words for each length and initial time, whatever the number of members.
class WorkPlan {
 public:
  explicit WorkPlan(const JobSpec& spec);

  size_t size() const { return models_ * steps_.size() * times_.size() * members_; }
  size_t per_model_and_length() const { return times_.size() * members_; }
  bool contains(const MemberTask& task) const;
  MemberTask task(size_t number) const;              // requires number < size()
  size_t number(const MemberTask& task) const;       // requires contains(task)
  std::string marker(const MemberTask& task) const;  // marker_name(): members/<file>
  // The number of the member whose marker is named `file`, a name without folder; none where it is no marker's.
  std::optional<size_t> find_marker(std::string_view file) const;

 private:
  size_t models_ = 0, members_ = 0;
  std::vector<int> steps_;
  std::vector<std::string> times_;  // compact_time()
  std::map<std::string, int, std::less<>> time_numbers_;
};

// The same as a list, 16 bytes a member.
std::vector<MemberTask> plan_members(const JobSpec& spec);

// The members of `selection`, in running order. Shards own whole pairs (both halves share their breeding) of the
// members asked for, dealt round robin: they are disjoint and complete, and differ by at most one pair, for every N.
// Throws Error{usage} naming a member that the job does not have.
std::vector<MemberTask> select_members(const JobSpec& spec, const Selection& selection);

// Names of what a member leaves, relative to the run's folder.
std::string length_folder(const JobSpec& spec, int length);                        // "" or "nsteps_0004"
std::string store_name(const JobSpec& spec, const OutputSpec& output, int model);  // hens_0.zarr, hens_0.netcdf
std::string marker_name(const JobSpec& spec,
                        const MemberTask& task);  // members/nsteps_0004_model_0_20240101T00_member_0000.json

// Lead times that `output` stores for a roll-out of `steps` steps, ascending.
std::vector<Duration> output_leads(const OutputSpec& output, int steps);

}  // namespace hens
