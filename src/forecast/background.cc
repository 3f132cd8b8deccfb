#include "forecast/background.h"

#include <utility>

namespace hens {

Background::Background(size_t capacity)
    : capacity_(capacity), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Background::~Background() = default;

void Background::rethrow() {
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Background::add(std::function<void()> work) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.size() < capacity_ || error_; });
  rethrow();
  waiting_.push_back(std::move(work));
  changed_.notify_all();
}

void Background::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.empty() && !busy_; });
  rethrow();
}

void Background::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !waiting_.empty(); }) && !stop.stop_requested()) {
    std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    std::exception_ptr error;
    try {
      work();
    } catch (...) {
      error = std::current_exception();
    }
    work = nullptr;  // what it holds goes while others may work
    lock.lock();
    busy_ = false;
    if (error) {
      if (!error_) error_ = error;
      waiting_.clear();
    }
    changed_.notify_all();
  }
}

}  // namespace hens
