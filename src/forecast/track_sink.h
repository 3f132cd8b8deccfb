// The sink that follows tropical cyclones: the channels that a tracker needs come to the host step by step, a thread of
// its own looks for centres while the members step on, and links them at a member's end (tracks/tracker.h). A member
// leaves one small file (tracks/member_file.h), which depends on nothing but its own fields.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "forecast/background.h"
#include "forecast/field_selection.h"
#include "forecast/sink.h"
#include "tracks/tracker.h"

namespace hens {

class TrackSink final : public Sink {
 public:
  struct Place {
    fs::path root;  // the run's folder
    const JobSpec& spec;
    int tracks = 0;  // which of the spec's entries
  };
  // For roll-outs of a model with these channels, by steps of `step`. `queue_fields`: so many fields wait on the host
  // at most, if they are those of a member or more. Throws Error{bad_spec} naming a channel that the model does not
  // have.
  TrackSink(const Place& place, std::unique_ptr<Tracker> tracker, Duration step,
            const std::vector<std::string>& model_channels, int queue_fields);

  void begin(std::span<const MemberId> members) override;
  void take(int step, const StateView& state) override;
  Delivery deliver() override;
  void drop(int position) override;
  void finish(int position, std::function<void(std::vector<StoredFile>)> done) override;
  void drain() override { background_.drain(); }

 private:
  struct Member {
    MemberId id;
    std::vector<std::vector<Centre>> frames;  // [step]; the background's
  };
  struct Taken {
    int step = 0;
    std::function<at::Tensor()> fields;  // [member, variable, lat, lon]
  };
  void pass_on(const Taken& taken, Delivery& delivery);
  StoredFile write(const Member& member) const;

  fs::path root_;
  const JobSpec& spec_;
  const TracksSpec& tracks_;
  WorkPlan plan_;
  std::unique_ptr<Tracker> tracker_;
  Duration step_;
  FieldSelection selection_;
  std::vector<std::shared_ptr<Member>> members_;  // [position]; null where dropped
  std::vector<Taken> taken_;
  Background background_;  // last: its thread uses the others
};

}  // namespace hens
