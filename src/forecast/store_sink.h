// The sink that stores members: selected channels at selected steps, through the write queue, into one store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "forecast/field_selection.h"
#include "forecast/sink.h"
#include "store/write_queue.h"

namespace hens {

class StoreSink final : public Sink {
 public:
  // One output of the spec for roll-outs of `steps` steps; `selection` is of its variables and region. `store`, `queue`
  // must outlive the sink; `folder` is the store's, relative to the run's.
  StoreSink(const OutputSpec& output, int steps, FieldSelection selection, Store& store, fs::path folder,
            WriteQueue& queue);

  void begin(std::span<const MemberId> members) override;
  void take(int step, const StateView& state) override;
  Delivery deliver() override;
  void drop(int position) override;
  void finish(int position, std::function<void(std::vector<StoredFile>)> done) override;
  void drain() override { queue_.drain(); }

 private:
  // Fields on their way to the host.
  struct Taken {
    int step = 0, lead = 0;
    std::function<at::Tensor()> fields;  // [member, variable, lat, lon] or [member, variable, point]
  };
  void pass_on(const Taken& taken, Delivery& delivery);

  Store& store_;
  fs::path folder_;
  WriteQueue& queue_;
  FieldSelection selection_;
  std::vector<int> lead_of_step_;  // [steps + 1]: the store's lead index after so many steps, -1 where it is not stored
  std::vector<std::shared_ptr<WriteQueue::Ticket>> tickets_;  // [position]; null where dropped
  std::vector<Taken> taken_;
};

}  // namespace hens
