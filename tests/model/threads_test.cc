// How threads wait for one another, seen from outside: by the processor time that waiting takes.
#include "model/threads.h"

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iterator>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "base/child_process.h"

namespace hens {
namespace {

using Seconds = std::chrono::duration<double>;

size_t threads_of_this_process() { return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}); }

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

bool user_chose() { return std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr; }

// OpenMP reads its variables before main, and the tests run with OMP_WAIT_POLICY=passive: only another process can be
// without.
TEST(PatientThreads, ThreadsThatWaitSleepSoon) {
  if (user_chose()) {
    const ChildResult alone =
        run_captured({{"env", "-u", "OMP_WAIT_POLICY", "-u", "GOMP_SPINCOUNT",
                       std::filesystem::read_symlink("/proc/self/exe").string(), "--gtest_filter=PatientThreads.*"}});
    EXPECT_EQ(alone.exit_code, 0) << alone.out << alone.err;
    return;
  }
  const PatientThreads patience;
  at::Tensor shared_work = at::zeros({1 << 17});  // large enough to be divided among threads
  shared_work.add_(1);                            // makes the pool
  const auto start = std::chrono::steady_clock::now();
  const double before = processor_seconds();
  for (int i = 0; i < 200; ++i) {
    shared_work.add_(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the others have nothing to do
  }
  const double used = processor_seconds() - before;
  const double wall = Seconds(std::chrono::steady_clock::now() - start).count();
  // Spinning, each other thread uses most of the time; sleeping, all together use what 200 short sums take.
  EXPECT_LT(used, 0.3 * wall) << "of " << wall << " s with " << at::get_num_threads() << " threads";
}

TEST(PatientThreads, LeavesTheUsersChoiceAlone) {
  if (!user_chose()) setenv("OMP_WAIT_POLICY", "active", 1);
  const size_t before = threads_of_this_process();
  const PatientThreads patience;
  EXPECT_EQ(threads_of_this_process(), before);
}

}  // namespace
}  // namespace hens
