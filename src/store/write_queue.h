// Writes members in the background, so that a model's step never waits for the disk unless the queue is full.
//
// Fields go in in any interleaving of members; each lane of a member (store.h; a variable in Zarr) is written in the
// order it came, by one of the `writers` threads at a time. After an error in a writer the rest of its member is
// dropped, and the error is thrown again by the next call for that member and by drain(). The queue's functions are
// thread-safe; those of one member are called by one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "store/store.h"

namespace hens {

class WriteQueue {
 public:
  // Requires writers >= 1 and capacity_fields >= 1. Raises the process's limit of open files as far as it may.
  WriteQueue(int writers, int capacity_fields);
  ~WriteQueue();  // drops what is not finished

  // A member being written: opaque, given to append and finish.
  class Ticket;

  // Takes over `writer`. A ticket given up before finish() leaves nothing behind.
  std::shared_ptr<Ticket> open(std::unique_ptr<MemberWriter> writer);
  // Hands over a copy of one field, in memory that the queue keeps for the next ones. Blocks while the queue is full.
  void append(const std::shared_ptr<Ticket>& ticket, int variable, int lead, std::span<const float> field);
  // When all of the member's fields are written, finishes it on a writer's thread and calls `done` there with its
  // files. `done` publishes the marker.
  void finish(const std::shared_ptr<Ticket>& ticket, std::function<void(std::vector<StoredFile>)> done);
  // Waits until everything handed over is written and finished; throws the first error since the last drain().
  void drain();

  struct Rate {
    double seconds_writing = 0.0;  // summed over writers, finish() included
    double seconds_blocked = 0.0;  // that append() waited
    uint64_t bytes = 0;            // of fields, before compression
  };
  Rate rate() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hens
