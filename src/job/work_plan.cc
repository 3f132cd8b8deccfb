#include "job/work_plan.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "base/error.h"

namespace hens {
namespace {

// A whole number from `text`; false where anything else stands there.
bool parse_number(std::string_view text, int& value) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest == end && value >= 0;
}

// "17" or "0-9", appended to `members`; false where it is neither.
bool parse_item(std::string_view item, std::vector<int>& members) {
  const size_t dash = item.find('-');
  int first = 0, last = 0;
  if (!parse_number(item.substr(0, dash), first)) return false;
  last = first;
  if (dash != std::string_view::npos && !parse_number(item.substr(dash + 1), last)) return false;
  if (last < first || last > 1'000'000) return false;
  for (int member = first; member <= last; ++member) members.push_back(member);
  return true;
}

}  // namespace

Selection parse_shard(const std::string& text, Selection selection) {
  const size_t slash = text.find('/');
  const std::string_view view = text;
  const bool good = slash != std::string::npos && parse_number(view.substr(0, slash), selection.shard) &&
                    parse_number(view.substr(slash + 1), selection.shards) && selection.shard < selection.shards;
  if (!good) fail(ExitCode::usage, "--shard {}: expected I/N with 0 <= I < N, as 3/8", text);
  return selection;
}

std::string shard_of_batch_system(const std::function<std::string(const char*)>& variable) {
  const auto first_of = [&](const char* a, const char* b) {
    const std::string value = variable(a);
    return value.empty() ? variable(b) : value;
  };
  const std::string index = first_of("JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX");
  if (index.empty()) {
    fail(ExitCode::usage,
         "--shard auto: neither JOB_COMPLETION_INDEX (Kubernetes, completionMode: Indexed) nor "
         "AWS_BATCH_JOB_ARRAY_INDEX (AWS Batch, array job) is set; give --shard I/N");
  }
  const std::string count = first_of("HENS_SHARDS", "AWS_BATCH_JOB_ARRAY_SIZE");
  if (count.empty()) {
    fail(ExitCode::usage, "--shard auto: this is index {} of how many? Set HENS_SHARDS to the number of indexes",
         index);
  }
  return index + "/" + count;
}

std::vector<int> parse_members(const std::string& text) {
  std::vector<int> members;
  size_t at = 0;
  while (at <= text.size()) {
    const size_t comma = std::min(text.find(',', at), text.size());
    if (!parse_item(std::string_view(text).substr(at, comma - at), members)) {
      fail(ExitCode::usage, "--members {}: expected numbers and ranges, as 17,42 or 0-9", text);
    }
    at = comma + 1;
  }
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members;
}

std::vector<MemberTask> plan_members(const JobSpec& spec) {
  std::vector<MemberTask> plan;
  for (int model = 0; model < static_cast<int>(spec.models.size()); ++model) {
    for (int length = 0; length < static_cast<int>(spec.forecast.steps.size()); ++length) {
      for (int time = 0; time < static_cast<int>(spec.initial_conditions.times.size()); ++time) {
        for (int member = 0; member < spec.ensemble.members; ++member) plan.push_back({length, model, time, member});
      }
    }
  }
  return plan;
}

std::vector<MemberTask> select_members(const JobSpec& spec, const Selection& selection) {
  const int members = spec.ensemble.members;
  std::vector<bool> wanted(members, selection.members.empty());
  for (const int member : selection.members) {
    if (member < 0 || member >= members) {
      fail(ExitCode::usage, "--members {}: the job has members 0 to {}", member, members - 1);
    }
    wanted[member] = true;
  }
  std::vector<MemberTask> selected;
  const auto same_pair = [](const MemberTask& a, const MemberTask& b) {
    return std::tuple(a.length, a.model, a.time, a.pair()) == std::tuple(b.length, b.model, b.time, b.pair());
  };
  int pairs = -1;  // number of the pair among those that have a wanted member
  std::optional<MemberTask> previous;
  for (const MemberTask& task : plan_members(spec)) {
    if (!wanted[task.member]) continue;
    if (!previous || !same_pair(*previous, task)) ++pairs;
    previous = task;
    if (pairs % selection.shards == selection.shard) selected.push_back(task);
  }
  return selected;
}

std::string length_folder(const JobSpec& spec, int length) {
  if (spec.forecast.steps.size() == 1) return "";
  return fmt::format("nsteps_{:04d}", spec.forecast.steps.at(length));
}

std::string store_name(const JobSpec&, const OutputSpec& output, int model) {
  return fmt::format("{}_{}.{}", output.name, model, output.format == StoreFormat::zarr ? "zarr" : "netcdf");
}

std::string marker_name(const JobSpec& spec, const MemberTask& task) {
  return fmt::format("members/nsteps_{:04d}_model_{}_{}_member_{:04d}.json", spec.forecast.steps.at(task.length),
                     task.model, compact_time(spec.initial_conditions.times.at(task.time)), task.member);
}

std::vector<Duration> output_leads(const OutputSpec& output, int steps) {
  std::vector<Duration> leads;
  for (int step = output.initial_state ? 0 : 1; step <= steps; ++step) {
    const Duration lead = step * model_step;
    if (lead.count() % output.every.count() == 0) leads.push_back(lead);
  }
  return leads;
}

}  // namespace hens
