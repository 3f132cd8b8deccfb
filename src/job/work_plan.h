// The work of a job: which members exist, in which order they run, and which of them a shard owns. Pure. A plan may
// have millions of members: WorkPlan numbers them without a list.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/job_spec.h"
#include "job/member_id.h"

namespace hens {

// Which part of the plan one process does. Defaults: all of it.
struct Selection {
  std::vector<int> members;   // --members; empty: all
  int shard = 0, shards = 1;  // --shard I/N
};

// "3/8" -> shard 3 of 8. Throws Error{usage} unless 0 <= I < N.
Selection parse_shard(const std::string& text, Selection selection = {});

// "17,42" or "0-9,17" -> members. Throws Error{usage}.
std::vector<int> parse_members(const std::string& text);

// All members in running order: model outermost (its weights are loaded once), then length, time, member. Their numbers
// in that order count from 0. Holds a few words for each length and initial time, whatever the number of members.
class WorkPlan {
 public:
  explicit WorkPlan(const JobSpec& spec);

  size_t size() const { return models_ * steps_.size() * times_.size() * members_; }
  size_t per_model_and_length() const { return times_.size() * members_; }
  bool contains(const MemberId& task) const;
  MemberId task(size_t number) const;              // requires number < size()
  size_t number(const MemberId& task) const;       // requires contains(task)
  std::string marker(const MemberId& task) const;  // marker_name(): members/<file>
  // The number of the member whose marker is named `file`, a name without folder; none where it is no marker's.
  std::optional<size_t> find_marker(std::string_view file) const;

 private:
  size_t models_ = 0, members_ = 0;
  std::vector<int> steps_;
  std::vector<std::string> times_;  // compact_time()
  std::map<std::string, int, std::less<>> time_numbers_;
};

// The same as a list, 16 bytes a member.
std::vector<MemberId> plan_members(const JobSpec& spec);

// The members of `selection`, in running order. Shards own whole pairs (both halves share their breeding) of the
// members asked for, dealt round robin: they are disjoint and complete, and differ by at most one pair, for every N.
// Throws Error{usage} naming a member that the job does not have.
std::vector<MemberId> select_members(const JobSpec& spec, const Selection& selection);

// Names of what a member leaves, relative to the run's folder.
// Whether members leave files of their own, and so have markers: those of which statistics alone are kept have none.
inline bool leaves_files(const JobSpec& spec) { return !spec.output.empty() || !spec.tracks.empty(); }

std::string length_folder(const JobSpec& spec, int length);  // "" or "nsteps_0004"
std::string store_name(const JobSpec& spec, const OutputSpec& output,
                       int model);  // hens_0.zarr, hens_0.netcdf, hens_0.grib2
std::string marker_name(const JobSpec& spec,
                        const MemberId& task);  // members/nsteps_0004_model_0_20240101T00_member_0000.json

// Lead times that `output` stores for a roll-out of `steps` steps, ascending.
std::vector<Duration> output_leads(const OutputSpec& output, int steps);

}  // namespace hens
