#include "forecast/statistics_sink.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "source/threshold_fields.h"

namespace hens {
namespace {

// The thresholds of an entry for a variable, [threshold][point] of the domain.
std::vector<float> values_of(const StatisticsSpec& entry, const std::string& variable, const LatLonGrid& grid,
                             const std::optional<RegionCut>& cut) {
  std::vector<float> all;
  for (const ThresholdField& field : entry.threshold_fields) {
    std::vector<float> values = read_threshold_field(field, variable, grid);
    if (cut) {
      const at::Tensor whole = at::from_blob(values.data(), {grid.nlat(), grid.nlon()}, at::kFloat);
      const at::Tensor part = cut_out(whole, *cut);
      values.assign(part.const_data_ptr<float>(), part.const_data_ptr<float>() + part.numel());
    }
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

void refuse_changed_thresholds(const StatisticsSpec& entry, const LatLonGrid& grid) {
  for (const ThresholdField& field : entry.threshold_fields) {
    if (threshold_digest(field, entry.variables, grid) == field.sha256) continue;
    fail(ExitCode::bad_input,
         "{}: is not the file that it was when the run began, and its values are thresholds: put it back, or begin a "
         "new run",
         field.file);
  }
}

ThresholdValues thresholds_of(const JobSpec& spec, const std::vector<StatisticsPair>& pairs, const LatLonGrid& grid,
                              const std::optional<RegionCut>& cut) {
  ThresholdValues all;
  std::set<int> checked;  // entries
  for (const StatisticsPair& pair : pairs) {
    if (pair.plan.threshold_fields.empty() || all.contains(pair.plan.threshold_fields)) continue;
    const StatisticsSpec& entry = spec.statistics.at(static_cast<size_t>(pair.entry));
    if (checked.insert(pair.entry).second) refuse_changed_thresholds(entry, grid);
    all.emplace(pair.plan.threshold_fields, values_of(entry, pair.variable, grid, cut));
  }
  return all;
}

}  // namespace

StatisticsSink::StatisticsSink(const PartsTarget& target, int length, int model, std::string region, int block,
                               const std::vector<std::string>& model_channels, at::Device device)
    : target_(target),
      length_(length),
      model_(model),
      region_(std::move(region)),
      block_(block),
      on_gpu_(device.is_cuda()),
      pairs_(statistics_pairs(target.run.spec, length, region_)) {
  look_again();
  const RegionSpec* const spec = region_named(target.run.spec.regions, region_);
  std::optional<RegionCut> cut;
  if (spec != nullptr) cut = cut_region(*spec, target.run.grid);
  for (std::vector<StepTarget>& targets : targets_of_steps(target.run.spec, length, pairs_)) {
    std::vector<std::string> variables;
    std::vector<int> field_of;
    for (const StepTarget& one : targets) {
      const auto known = std::ranges::find(variables, one.variable);
      field_of.push_back(static_cast<int>(known - variables.begin()));
      if (known == variables.end()) variables.push_back(one.variable);
    }
    steps_.push_back({FieldSelection(variables, model_channels, cut), std::move(targets), std::move(field_of)});
  }
  const size_t points = cut ? cut->domain.size() : target.run.grid.points();
  ThresholdValues thresholds = thresholds_of(target.run.spec, pairs_, target.run.grid, cut);
  sums_ = on_gpu_ ? make_cuda_accumulator(plans_of(pairs_), points, thresholds)
                  : make_host_accumulator(plans_of(pairs_), points, std::move(thresholds));
}

StatisticsSink::~StatisticsSink() = default;

size_t StatisticsSink::members_in_sums() const { return static_cast<size_t>(published_.size()) + finished_.size(); }

// A member may come again where it was lost in the statistics of another region alone.
bool StatisticsSink::in_sums(const MemberId& task) const {
  return published_.contains(task.member) ||
         std::ranges::any_of(finished_, [&](const Finished& member) { return member.task == task; });
}

void StatisticsSink::look_again() {
  const RunParts parts(target_.root, target_.run);
  held_.clear();
  for (int time = 0; time < static_cast<int>(target_.run.spec.initial_conditions.times.size()); ++time) {
    held_.push_back(parts.members(forecast(time)));
  }
}

uint64_t StatisticsSink::device_bytes() const {
  if (!on_gpu_) return 0;
  int64_t a_point = 0;
  bool histograms = false;
  for (const StatisticsPair& pair : pairs_) {
    a_point += bytes_a_point(pair.plan);
    histograms |= pair.plan.histogram.has_value();
  }
  return static_cast<uint64_t>(a_point + (histograms ? outlier_bytes_a_point : 0)) * sums_->points();
}

// To another initial time, or to a new part where the one at hand is full.
void StatisticsSink::turn_to(int time) {
  publish();
  sums_->clear();
  time_ = time;
  published_ = {};
  part_.clear();
}

void StatisticsSink::begin(std::span<const MemberId> members) {
  if (spoilt_) go_back();
  const bool full = members_in_sums() + members.size() > static_cast<size_t>(most_members);
  if (members.front().time != time_ || full) turn_to(members.front().time);
  const MemberSet& held = held_.at(static_cast<size_t>(int{members.front().time}));
  batch_.clear();
  unfinished_ = 0;
  for (const MemberId& task : members) {
    const bool counts = !held.contains(task.member) && !in_sums(task);
    batch_.push_back({task, counts});
    unfinished_ += counts ? 1 : 0;
  }
  sums_->refused(0);
  step_ = -1;
}

void StatisticsSink::take(int step, const StateView& state) {
  step_ = step;
  const StepTargets& wanted = steps_.at(static_cast<size_t>(step));
  if (wanted.targets.empty() || unfinished_ == 0) return;
  // [member, selected, lat, lon]. On a GPU its memory is used again by work that comes after ours in the same stream.
  const at::Tensor fields = wanted.selection.fields(state);
  const float* values = fields.const_data_ptr<float>();
  const size_t points = sums_->points();
  for (size_t m = 0; m < batch_.size(); ++m) {
    if (!batch_[m].counts) continue;
    for (size_t k = 0; k < wanted.targets.size(); ++k) {
      const StepTarget& target = wanted.targets[k];
      const size_t field = m * wanted.selection.size() + static_cast<size_t>(wanted.field_of[k]);
      sums_->add(target.pair, values + field * points,
                 {batch_[m].task.member, static_cast<int>(m), target.position, target.count});
    }
  }
}

// A GPU is asked at the end alone: the answer waits for the steps under way.
Sink::Delivery StatisticsSink::deliver() {
  Delivery delivery;
  if (on_gpu_ && step_ + 1 < static_cast<int>(steps_.size())) return delivery;
  const std::vector<int> pairs = sums_->refused(static_cast<int>(batch_.size()));
  for (size_t m = 0; m < batch_.size(); ++m) {
    if (pairs[m] < 0 || !batch_[m].counts) continue;
    const StatisticsPair& pair = pairs_.at(static_cast<size_t>(pairs[m]));
    delivery.failures.push_back({static_cast<int>(m), {static_cast<int>(pair.lead / model_step), pair.variable}});
  }
  return delivery;
}

void StatisticsSink::drop(int position) {
  Member& member = batch_.at(static_cast<size_t>(position));
  if (!std::exchange(member.counts, false)) return;
  spoilt_ = true;
  --unfinished_;
}

void StatisticsSink::finish(int position, std::function<void(std::vector<StoredFile>)> done) {
  const Member& member = batch_.at(static_cast<size_t>(position));
  if (!member.counts) return done({});
  finished_.push_back({member.task, std::move(done)});
  if (--unfinished_ > 0 || spoilt_) return;
  if (finished_.size() >= static_cast<size_t>(block_)) publish();
}

void StatisticsSink::publish() {
  if (spoilt_) go_back();
  if (finished_.empty()) return;
  for (const Finished& member : finished_) published_.add(member.task.member);
  PartHeader header = part_header(target_.run, forecast(time_));
  header.members = published_;
  header.attempt = target_.attempt;
  header.finished = iso_moment(moment_now());
  const JobSpec& spec = target_.run.spec;
  const fs::path path = target_.root / parts_folder /
                        part_name(header, spec.forecast.steps.at(static_cast<size_t>(length_)),
                                  compact_time(spec.initial_conditions.times.at(static_cast<size_t>(time_))));
  write_part(path, header, *sums_);
  if (!part_.empty() && part_ != path) {
    std::error_code ignored;  // one that stays is superseded, and said to be
    fs::remove(part_, ignored);
  }
  part_ = path;
  for (const Finished& member : std::exchange(finished_, {})) member.done({});
}

void StatisticsSink::go_back() {
  spoilt_ = false;
  sums_->clear();
  if (!part_.empty()) PartReader(part_).load(*sums_);
  for (const Finished& member : std::exchange(finished_, {})) lost_.push_back(member.task);
}

void StatisticsSink::drain() { publish(); }

std::vector<MemberId> StatisticsSink::lost() {
  if (spoilt_) go_back();
  return std::exchange(lost_, {});
}

}  // namespace hens
