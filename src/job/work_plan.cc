#include "job/work_plan.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/error.h"
#include "job/spec_names.h"

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

// A whole number at the front of `text`, as {:0<width>d} writes it, is taken off it; false where none stands there.
bool take_padded(std::string_view& text, size_t width, int& value) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits < width || (digits > width && text.front() == '0')) return false;
  if (!parse_number(text.substr(0, digits), value)) return false;
  text.remove_prefix(digits);
  return true;
}

// The members asked for (all where the list is empty), ascending, by pair.
std::vector<std::vector<int>> wanted_pairs(const EnsembleSpec& ensemble, std::vector<int> wanted) {
  const int members = ensemble.members;
  const auto group = [&](int member) { return breeding_group(member, ensemble.control); };
  if (wanted.empty()) {
    wanted.resize(static_cast<size_t>(members));
    std::iota(wanted.begin(), wanted.end(), 0);
  }
  std::ranges::sort(wanted);
  std::vector<std::vector<int>> pairs;
  for (size_t k = 0; k < wanted.size(); ++k) {
    if (wanted[k] < 0 || wanted[k] >= members) {
      fail(ExitCode::usage, "--members {}: the job has members 0 to {}", wanted[k], members - 1);
    }
    if (k > 0 && wanted[k] == wanted[k - 1]) continue;
    if (k == 0 || group(wanted[k]) != group(wanted[k - 1])) pairs.emplace_back();
    pairs.back().push_back(wanted[k]);
  }
  return pairs;
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

WorkPlan::WorkPlan(const JobSpec& spec)
    : models_(spec.models.size()), members_(static_cast<size_t>(spec.ensemble.members)), steps_(spec.forecast.steps) {
  for (const Time time : spec.initial_conditions.times) {
    times_.push_back(compact_time(time));
    time_numbers_.emplace(times_.back(), static_cast<int>(times_.size()) - 1);
  }
}

bool WorkPlan::contains(const MemberId& task) const {
  const auto inside = [](int index, size_t size) { return index >= 0 && static_cast<size_t>(index) < size; };
  return inside(task.model, models_) && inside(task.length, steps_.size()) && inside(task.time, times_.size()) &&
         inside(task.member, members_);
}

MemberId WorkPlan::task(size_t number) const {
  MemberId task;
  task.member = MemberNumber(static_cast<int>(number % members_)), number /= members_;
  task.time = TimeIndex(static_cast<int>(number % times_.size())), number /= times_.size();
  task.length = LengthIndex(static_cast<int>(number % steps_.size()));
  task.model = ModelIndex(static_cast<int>(number / steps_.size()));
  return task;
}

size_t WorkPlan::number(const MemberId& task) const {
  const auto length = static_cast<size_t>(task.length), time = static_cast<size_t>(task.time);
  return ((static_cast<size_t>(task.model) * steps_.size() + length) * times_.size() + time) * members_ +
         static_cast<size_t>(task.member);
}

std::string WorkPlan::marker(const MemberId& task) const {
  return fmt::format("members/nsteps_{:04d}_model_{}_{}_member_{:04d}.json", steps_.at(task.length), task.model,
                     times_.at(task.time), task.member);
}

std::optional<size_t> WorkPlan::find_marker(std::string_view file) const {
  const auto take = [&](std::string_view word) {
    if (!file.starts_with(word)) return false;
    file.remove_prefix(word.size());
    return true;
  };
  int steps = 0, model = 0, member = 0;
  if (!take("nsteps_") || !take_padded(file, 4, steps)) return std::nullopt;
  if (!take("_model_") || !take_padded(file, 1, model) || !take("_")) return std::nullopt;
  const auto time = time_numbers_.find(file.substr(0, file.find('_')));
  if (time == time_numbers_.end()) return std::nullopt;
  file.remove_prefix(time->first.size());
  if (!take("_member_") || !take_padded(file, 4, member) || file != ".json") return std::nullopt;
  const auto length = static_cast<int>(std::ranges::find(steps_, steps) - steps_.begin());
  const MemberId task = member_id(length, model, time->second, member);
  if (!contains(task)) return std::nullopt;
  return number(task);
}

std::vector<MemberId> plan_members(const JobSpec& spec) {
  const WorkPlan all(spec);
  std::vector<MemberId> plan;
  plan.reserve(all.size());
  for (size_t number = 0; number < all.size(); ++number) plan.push_back(all.task(number));
  return plan;
}

std::vector<MemberId> select_members(const JobSpec& spec, const Selection& selection) {
  const std::vector<std::vector<int>> pairs = wanted_pairs(spec.ensemble, selection.members);
  const WorkPlan plan(spec);
  const auto shards = static_cast<size_t>(selection.shards), shard = static_cast<size_t>(selection.shard);
  const size_t members = static_cast<size_t>(spec.ensemble.members), groups = plan.size() / members;
  std::vector<MemberId> selected;
  for (size_t group = 0; group < groups; ++group) {  // of one model, length and time
    MemberId task = plan.task(group * members);
    // Pairs are numbered through all groups; the first of this group that is the shard's, then every `shards`-th.
    const size_t before = group * pairs.size() % shards;
    for (size_t pair = (shard + shards - before) % shards; pair < pairs.size(); pair += shards) {
      for (const int member : pairs[pair]) {
        task.member = MemberNumber(member);
        selected.push_back(task);
      }
    }
  }
  return selected;
}

std::string length_folder(const JobSpec& spec, int length) {
  if (spec.forecast.steps.size() == 1) return "";
  return fmt::format("nsteps_{:04d}", spec.forecast.steps.at(length));
}

std::string store_name(const JobSpec&, const OutputSpec& output, int model) {
  return fmt::format("{}_{}.{}", output.name, model, name_of(output.format, format_names()));
}

std::string marker_name(const JobSpec& spec, const MemberId& task) { return WorkPlan(spec).marker(task); }

std::vector<Duration> output_leads(const OutputSpec& output, int steps) {
  std::vector<Duration> leads;
  for (int step = output.initial_state ? 0 : 1; step <= steps; ++step) {
    const Duration lead = step * model_step;
    if (lead.count() % output.every.count() == 0) leads.push_back(lead);
  }
  return leads;
}

}  // namespace hens
