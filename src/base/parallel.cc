#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cpus.h"

namespace hens {

void parallel_for(int64_t count, const std::function<void(int64_t first, int64_t last)>& rows) {
  const int64_t threads = std::clamp<int64_t>(usable_cpus(), 1, std::max<int64_t>(count, 1));
  const int64_t part = std::max<int64_t>(1, count / (8 * threads));  // small: rows may differ in cost
  std::atomic<int64_t> next = 0;
  std::exception_ptr error;
  std::mutex mutex;
  const auto work = [&] {
    try {
      for (int64_t first = next.fetch_add(part); first < count; first = next.fetch_add(part)) {
        rows(first, std::min(first + part, count));
      }
    } catch (...) {
      next = count;
      const std::lock_guard guard(mutex);
      if (!error) error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (int64_t k = 1; k < threads; ++k) others.emplace_back(work);
    work();
  }
  if (error) std::rethrow_exception(error);
}

void parallel_in_order(int64_t count, const std::function<void(int64_t row)>& row) {
  std::exception_ptr error;
  int64_t failed = count;
  std::mutex mutex;
  parallel_for(count, [&](int64_t first, int64_t last) {
    for (int64_t k = first; k < last; ++k) {
      {
        const std::lock_guard guard(mutex);
        if (k > failed) return;
      }
      try {
        row(k);
      } catch (...) {
        const std::lock_guard guard(mutex);
        if (k < failed) failed = k, error = std::current_exception();
        return;
      }
    }
  });
  if (error) std::rethrow_exception(error);
}

}  // namespace hens
