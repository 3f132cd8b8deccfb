// Where a roll-out's fields go: the seam between the steps of a batch of members and whatever is made of them (stores,
// statistics, tracks ...). A roll-out knows sinks alone, and nothing of files.
//
// For each batch a roll-out calls
//
//   begin(members)                       once
//   take(step, state); deliver()         for each step, 0 (the initial state) to the last, in this order; between the
//                                        two the engine is already on its way through the next step
//   drop(position)                       for a member that left the finite numbers, in this sink or another
//   finish(position, done)               for each of the others, after the last deliver()
//
// and then begins the next batch. What begin() to finish() of a batch started may end later: drain() waits for it.
// Called by one thread at a time; `done` is called by any thread.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "job/work_plan.h"
#include "model/engine.h"
#include "run/manifest.h"
#include "store/store.h"

namespace hens {

class Sink {
 public:
  virtual ~Sink() = default;

  // Members of one model, length and initial time step together from here on. Later calls name them by position.
  virtual void begin(std::span<const MemberId> members) = 0;

  // The state after `step` steps. Starts to bring what the sink wants of it, ordered with the steps by the device's
  // stream, and waits for nothing; `state` is that of this step only until take() returns.
  virtual void take(int step, const StateView& state) = 0;

  struct Failure {
    int position = 0;  // of the member in the batch
    NotFinite where;
  };
  struct Delivery {
    std::vector<Failure> failures;  // members found not finite; the roll-out drops them everywhere
    double seconds_waiting = 0;     // for room behind the sink, not for the fields
  };
  // Passes on what was taken so far. May wait for the device, and for room behind the sink. Throws what went wrong with
  // earlier members, too.
  virtual Delivery deliver() = 0;

  // The member leaves nothing behind.
  virtual void drop(int position) = 0;

  // All that the member gave is delivered. When it is durable, `done` is called once with the files it left, their
  // paths relative to the run's folder.
  virtual void finish(int position, std::function<void(std::vector<StoredFile>)> done) = 0;

  // Waits until every `done` was called; throws the first error since the last drain().
  virtual void drain() = 0;
};

}  // namespace hens
