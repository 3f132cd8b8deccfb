// Work done in the order in which it came, by a thread of its own, so that a roll-out does not wait for it unless too
// much of it has piled up. Called by one thread at a time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace hens {

class Background {
 public:
  // Requires capacity >= 1: so many pieces of work wait at most.
  explicit Background(size_t capacity);
  ~Background();  // what has not begun is dropped

  // Blocks while the queue is full. Throws the first error of earlier work; after an error nothing is done any more
  // until it was thrown.
  void add(std::function<void()> work);
  // Waits until all is done; throws as add() does.
  void drain();

 private:
  void run(const std::stop_token& stop);
  void rethrow();  // requires the lock

  size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> waiting_;
  bool busy_ = false;
  std::exception_ptr error_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace hens
