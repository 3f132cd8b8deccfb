#include "store/write_queue.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <sys/resource.h>

namespace hens {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Each variable of each member under way is an open file, and the usual soft limit of 1024 is soon reached.
void allow_many_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

struct Job {
  int variable = 0, lead = 0;
  std::vector<float> field;
};

// Fields of one lane, in order. Listed in State::ready, or in a writer's hands, exactly while it holds a job.
struct Lane {
  std::deque<Job> jobs;
};

}  // namespace

class WriteQueue::Ticket {
 public:
  explicit Ticket(std::unique_ptr<MemberWriter> taken) : writer(std::move(taken)) {}

  // Guarded by State::mutex, but for the writer itself: each lane of it belongs to the thread that has the lane.
  std::unique_ptr<MemberWriter> writer;
  std::map<int, Lane> lanes;
  size_t unwritten = 0;    // fields in its lanes, or being written
  bool finishing = false;  // finish() was called
  std::function<void(std::vector<StoredFile>)> done;
  std::exception_ptr error;
};

struct WriteQueue::State {
  // What a writer takes next: a field of a lane, or a whole member to finish.
  struct Ready {
    std::shared_ptr<Ticket> ticket;
    Lane* lane = nullptr;  // null: finish
  };

  std::mutex mutex;
  std::condition_variable work, space, idle;
  std::deque<Ready> ready;
  size_t capacity = 0;
  size_t fields = 0;                      // in the queue or being written
  std::vector<std::vector<float>> spare;  // of written fields: fresh memory costs the kernel as much as a write
  size_t members = 0;                     // handed to finish() and not finished
  size_t busy = 0;                        // writers that hold a ticket
  bool stopping = false;
  std::exception_ptr first_error;
  Rate rate;
  std::vector<std::thread> threads;

  bool is_idle() const { return fields == 0 && members == 0 && busy == 0; }
  void run();
  void write_next(std::unique_lock<std::mutex>& lock, const Ready& next);
  void finish(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Ticket>& ticket);
  // Runs `work` without the lock; keeps its error in the ticket.
  void attempt(std::unique_lock<std::mutex>& lock, Ticket& ticket, const std::function<void()>& work);
  void make_ready(Ready entry);
  // Waits for room for one more field and takes it: memory for it, of any size.
  std::vector<float> take_room(std::unique_lock<std::mutex>& lock);
};

void WriteQueue::State::make_ready(Ready entry) {
  ready.push_back(std::move(entry));
  work.notify_one();
}

void WriteQueue::State::attempt(std::unique_lock<std::mutex>& lock, Ticket& ticket, const std::function<void()>& work) {
  if (ticket.error) return;
  lock.unlock();
  const Clock::time_point start = Clock::now();
  std::exception_ptr error;
  try {
    work();
  } catch (...) {
    error = std::current_exception();
  }
  const double seconds = seconds_since(start);
  lock.lock();
  rate.seconds_writing += seconds;
  if (error && !ticket.error) ticket.error = error;
  if (error && !first_error) first_error = error;
}

void WriteQueue::State::write_next(std::unique_lock<std::mutex>& lock, const Ready& next) {
  Ticket& ticket = *next.ticket;
  Job& job = next.lane->jobs.front();  // stays the front: only this thread takes from the lane
  attempt(lock, ticket, [&] { ticket.writer->append(job.variable, job.lead, job.field); });
  spare.push_back(std::move(job.field));
  next.lane->jobs.pop_front();
  --fields;
  space.notify_one();
  if (!next.lane->jobs.empty()) make_ready(next);
  if (--ticket.unwritten == 0 && ticket.finishing) make_ready({next.ticket});
}

void WriteQueue::State::finish(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Ticket>& ticket) {
  attempt(lock, *ticket, [&] { ticket->done(ticket->writer->finish()); });
  --members;
  auto writer = std::move(ticket->writer);
  auto done = std::move(ticket->done);
  lock.unlock();
  writer.reset();
  done = nullptr;
  lock.lock();
}

void WriteQueue::State::run() {
  std::unique_lock lock(mutex);
  while (true) {
    work.wait(lock, [&] { return stopping || !ready.empty(); });
    if (stopping) return;
    Ready next = std::move(ready.front());
    ready.pop_front();
    ++busy;
    if (next.lane) {
      write_next(lock, next);
    } else {
      finish(lock, next.ticket);
    }
    lock.unlock();
    next = {};  // the last hold on an abandoned member may end here: its files are removed without the lock
    lock.lock();
    --busy;
    if (is_idle()) idle.notify_all();
  }
}

std::vector<float> WriteQueue::State::take_room(std::unique_lock<std::mutex>& lock) {
  if (fields >= capacity) {
    const Clock::time_point start = Clock::now();
    space.wait(lock, [&] { return fields < capacity; });
    rate.seconds_blocked += seconds_since(start);
  }
  ++fields;
  if (spare.empty()) return {};
  std::vector<float> memory = std::move(spare.back());
  spare.pop_back();
  return memory;
}

WriteQueue::WriteQueue(int writers, int capacity_fields) : state_(std::make_unique<State>()) {
  if (writers < 1 || capacity_fields < 1) throw std::logic_error("a write queue needs a writer and room for a field");
  allow_many_open_files();
  state_->capacity = static_cast<size_t>(capacity_fields);
  for (int k = 0; k < writers; ++k) state_->threads.emplace_back([state = state_.get()] { state->run(); });
}

WriteQueue::~WriteQueue() {
  {
    const std::lock_guard guard(state_->mutex);
    state_->stopping = true;
  }
  state_->work.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

std::shared_ptr<WriteQueue::Ticket> WriteQueue::open(std::unique_ptr<MemberWriter> writer) {
  return std::make_shared<Ticket>(std::move(writer));
}

void WriteQueue::append(const std::shared_ptr<Ticket>& ticket, int variable, int lead, std::span<const float> field) {
  std::unique_lock lock(state_->mutex);
  if (ticket->error) std::rethrow_exception(ticket->error);
  if (ticket->finishing) throw std::logic_error("a field came after its member was finished");
  std::vector<float> copy = state_->take_room(lock);
  lock.unlock();
  copy.assign(field.begin(), field.end());
  lock.lock();
  state_->rate.bytes += field.size_bytes();
  Lane& lane = ticket->lanes[ticket->writer->lane(variable)];
  lane.jobs.push_back({variable, lead, std::move(copy)});
  ++ticket->unwritten;
  if (lane.jobs.size() == 1) state_->make_ready({ticket, &lane});
}

void WriteQueue::finish(const std::shared_ptr<Ticket>& ticket, std::function<void(std::vector<StoredFile>)> done) {
  const std::lock_guard guard(state_->mutex);
  if (ticket->error) std::rethrow_exception(ticket->error);
  if (ticket->finishing) throw std::logic_error("a member was finished twice");
  ticket->finishing = true;
  ticket->done = std::move(done);
  ++state_->members;
  if (ticket->unwritten == 0) state_->make_ready({ticket});
}

void WriteQueue::drain() {
  std::unique_lock lock(state_->mutex);
  state_->idle.wait(lock, [&] { return state_->is_idle(); });
  if (const std::exception_ptr error = std::exchange(state_->first_error, nullptr)) std::rethrow_exception(error);
}

WriteQueue::Rate WriteQueue::rate() const {
  const std::lock_guard guard(state_->mutex);
  return state_->rate;
}

}  // namespace hens
