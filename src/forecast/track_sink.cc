#include "forecast/track_sink.h"

#include <algorithm>
#include <utility>

#include "base/checksum.h"
#include "base/stopwatch.h"
#include "forecast/finite.h"
#include "run/track_files.h"
#include "tracks/member_file.h"

namespace hens {

TrackSink::TrackSink(const Place& place, std::unique_ptr<Tracker> tracker, Duration step,
                     const std::vector<std::string>& model_channels, int queue_fields)
    : root_(place.root),
      spec_(place.spec),
      tracks_(place.spec.tracks.at(static_cast<size_t>(place.tracks))),
      plan_(place.spec),
      tracker_(std::move(tracker)),
      step_(step),
      selection_(tracker_->variables(), model_channels),
      background_(std::max<size_t>(1, static_cast<size_t>(queue_fields) / selection_.size())) {}

void TrackSink::begin(std::span<const MemberId> members) {
  members_.clear();
  taken_.clear();
  for (const MemberId& id : members) members_.push_back(std::make_shared<Member>(Member{id}));
}

void TrackSink::take(int step, const StateView& state) { taken_.push_back({step, selection_.fetch(state)}); }

Sink::Delivery TrackSink::deliver() {
  Delivery delivery;
  for (const Taken& taken : std::exchange(taken_, {})) pass_on(taken, delivery);
  return delivery;
}

void TrackSink::pass_on(const Taken& taken, Delivery& delivery) {
  const at::Tensor fields = taken.fields();
  const StageTimer waiting(delivery.seconds_waiting);  // the fields are there: the rest is output
  const size_t points = static_cast<size_t>(fields.size(2) * fields.size(3)), variables = selection_.size();
  for (size_t m = 0; m < members_.size(); ++m) {
    if (!members_[m]) continue;
    Frame frame;
    for (size_t v = 0; v < variables; ++v) {
      frame.emplace_back(fields.const_data_ptr<float>() + (m * variables + v) * points, points);
    }
    const auto bad = std::ranges::find_if_not(frame, all_finite);
    if (bad != frame.end()) {
      const std::string& variable = tracker_->variables()[static_cast<size_t>(bad - frame.begin())];
      delivery.failures.push_back({static_cast<int>(m), {taken.step, variable}});
      members_[m].reset();
      continue;
    }
    // The tensor lives as long as a frame of it waits.
    background_.add([this, fields, frame = std::move(frame), member = members_[m], step = taken.step] {
      member->frames.resize(static_cast<size_t>(step) + 1);
      member->frames.back() = tracker_->centres(frame);
    });
  }
}

void TrackSink::drop(int position) { members_.at(static_cast<size_t>(position)).reset(); }

StoredFile TrackSink::write(const Member& member) const {
  const std::string text =
      member_file_text(tracker_->link(member.frames), spec_.initial_conditions.times.at(member.id.time), step_);
  const fs::path path = track_file(plan_, tracks_, member.id);
  publish_file(root_ / path, text);
  return {path.string(), text.size(), sha256_hex(text)};
}

void TrackSink::finish(int position, std::function<void(std::vector<StoredFile>)> done) {
  background_.add(
      [this, member = members_.at(static_cast<size_t>(position)), done = std::move(done)] { done({write(*member)}); });
}

}  // namespace hens
