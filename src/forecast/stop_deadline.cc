#include "forecast/stop_deadline.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <unistd.h>

#include "base/error.h"
#include "base/stop.h"

namespace hens {
namespace {

using namespace std::chrono_literals;

void watch(std::stop_token end) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  const auto ended = [&] { return end.stop_requested(); };
  while (!stop_requested()) {
    if (woken.wait_for(lock, end, 100ms, ended)) return;
  }
  if (!woken.wait_for(lock, end, 4s, ended)) ::_exit(static_cast<int>(ExitCode::interrupted));
}

}  // namespace

StopDeadline::StopDeadline() : watcher_(watch) {}

}  // namespace hens
