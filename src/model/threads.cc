#include "model/threads.h"

#include <cstdlib>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "base/cpus.h"

namespace hens {

void use_threads(int wanted) {
  if (wanted == 0 && std::getenv("OMP_NUM_THREADS") == nullptr) wanted = usable_cpus();
  if (wanted > 0) at::set_num_threads(wanted);
}

// GNU OpenMP has no call for this, and reads its variables before main. But it spins briefly wherever it manages more
// threads than there are cores: a second pool, made by one operation on another thread and idle ever after, brings it
// there.
PatientThreads::PatientThreads() {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  holder_ = std::thread([this] {
    at::zeros({1 << 20}).add_(1);  // large enough to be divided among all threads
    std::unique_lock lock(mutex_);
    ready_ = true;
    change_.notify_all();
    change_.wait(lock, [this] { return done_; });
  });
  std::unique_lock lock(mutex_);
  change_.wait(lock, [this] { return ready_; });
}

PatientThreads::~PatientThreads() {
  if (!holder_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  change_.notify_all();
  holder_.join();
}

}  // namespace hens
