// The sink that keeps statistics: sums over members, where the members are (statistics/accumulator.h), and parts of
// them on disk (statistics/part.h).
//
// The unit of durability is a block of members: their `done` is called when a part that holds them is published. A
// process keeps one growing part of a forecast and publishes it anew after each block, in the place of the one before.
// Minimum and maximum cannot be taken back: where a member of a block leaves the finite numbers (or the range of its
// variable), the sums go back to the last part, and the block's other members are lost(): to be rolled out once more.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "forecast/field_selection.h"
#include "forecast/sink.h"
#include "run/run_parts.h"
#include "statistics/statistics_plan.h"

namespace hens {

class StatisticsSink final : public Sink {
 public:
  // The statistics of one region (of statistics_regions()), for roll-outs of one model and length. Requires blocks of
  // at least 1. Throws Error{bad_spec} naming a variable that is no channel of the model, Error{gpu} where there is too
  // little memory.
  StatisticsSink(const PartsTarget& target, int length, int model, std::string region, int block,
                 const std::vector<std::string>& model_channels, at::Device device);
  ~StatisticsSink() override;

  void begin(std::span<const MemberId> members) override;
  void take(int step, const StateView& state) override;
  Delivery deliver() override;
  void drop(int position) override;
  void finish(int position, std::function<void(std::vector<StoredFile>)> done) override;
  // Publishes what is not in a part yet. Requires that no batch is under way.
  void drain() override;

  // Which members are in parts already, also of other processes: these are let pass from here on.
  void look_again();

  uint64_t device_bytes() const;  // of a GPU's memory, but for windows

  // Members that were finished, and have to be rolled out again; forgets them.
  std::vector<MemberId> lost();

 private:
  struct Member {
    MemberId task;
    bool counts = true;  // is added to the sums: not held by a part already, and not dropped
  };
  struct Finished {
    MemberId task;
    std::function<void(std::vector<StoredFile>)> done;
  };
  struct StepTargets {
    FieldSelection selection;
    std::vector<StepTarget> targets;  // of its fields
    std::vector<int> field_of;        // [target]: position in the selection
  };
  Forecast forecast(int time) const { return {length_, model_, time, region_}; }
  bool in_sums(const MemberId& task) const;
  void turn_to(int time);
  void publish();
  void go_back();
  size_t members_in_sums() const;

  const PartsTarget& target_;
  int length_, model_;
  std::string region_;
  int block_;
  bool on_gpu_;
  std::vector<StatisticsPair> pairs_;
  std::vector<StepTargets> steps_;  // [steps + 1]
  std::unique_ptr<Accumulator> sums_;

  std::vector<MemberSet> held_;     // [time] by parts when look_again() looked
  int time_ = -1;                   // of the sums
  MemberSet published_;             // in this process's part
  fs::path part_;                   // empty before the first
  std::vector<Finished> finished_;  // in the sums, not in the part
  bool spoilt_ = false;             // the sums have something of a member that left
  std::vector<MemberId> lost_;

  std::vector<Member> batch_;  // [position]
  int unfinished_ = 0;         // members of the batch that still count
  int step_ = -1;              // last taken
};

}  // namespace hens
