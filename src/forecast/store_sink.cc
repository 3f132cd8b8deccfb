#include "forecast/store_sink.h"

#include <algorithm>
#include <utility>

#include "base/stopwatch.h"
#include "forecast/finite.h"

namespace hens {

StoreSink::StoreSink(const OutputSpec& output, int steps, FieldSelection selection, Store& store, fs::path folder,
                     WriteQueue& queue)
    : store_(store), folder_(std::move(folder)), queue_(queue), selection_(std::move(selection)) {
  const std::vector<Duration> leads = output_leads(output, steps);
  for (int step = 0; step <= steps; ++step) {
    const auto found = std::find(leads.begin(), leads.end(), step * model_step);
    lead_of_step_.push_back(found == leads.end() ? -1 : static_cast<int>(found - leads.begin()));
  }
}

void StoreSink::begin(std::span<const MemberId> members) {
  tickets_.clear();
  taken_.clear();
  for (const MemberId& task : members) tickets_.push_back(queue_.open(store_.member(task.time, task.member)));
}

void StoreSink::take(int step, const StateView& state) {
  const int lead = lead_of_step_.at(static_cast<size_t>(step));
  if (lead >= 0) taken_.push_back({step, lead, selection_.fetch(state)});
}

Sink::Delivery StoreSink::deliver() {
  Delivery delivery;
  for (const Taken& taken : std::exchange(taken_, {})) pass_on(taken, delivery);
  return delivery;
}

void StoreSink::pass_on(const Taken& taken, Delivery& delivery) {
  const at::Tensor fields = taken.fields();
  const StageTimer waiting(delivery.seconds_waiting);  // the fields are there: the rest is output
  const size_t points = store_.layout().domain.size(), variables = selection_.size();
  const float* values = fields.const_data_ptr<float>();
  for (size_t m = 0; m < tickets_.size(); ++m) {
    for (size_t v = 0; v < variables && tickets_[m]; ++v) {
      const std::span field(values + (m * variables + v) * points, points);
      if (all_finite(field)) {
        queue_.append(tickets_[m], static_cast<int>(v), taken.lead, field);
      } else {
        delivery.failures.push_back({static_cast<int>(m), {taken.step, store_.layout().variables[v]}});
        tickets_[m].reset();
      }
    }
  }
}

void StoreSink::drop(int position) { tickets_.at(static_cast<size_t>(position)).reset(); }

void StoreSink::finish(int position, std::function<void(std::vector<StoredFile>)> done) {
  queue_.finish(tickets_.at(static_cast<size_t>(position)),
                [done = std::move(done), folder = folder_](std::vector<StoredFile> files) {
                  for (StoredFile& file : files) file.path = (folder / file.path).string();
                  done(std::move(files));
                });
}

}  // namespace hens
