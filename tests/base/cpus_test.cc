// CPUs under quotas, as the files of a cgroup say them.
#include "base/cpus.h"

#include <fstream>
#include <sched.h>

#include <gtest/gtest.h>

#include "support/test_data.h"

namespace hens {
namespace {

class Cpus : public ::testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }
  int usable() const { return usable_cpus(folder_.path()); }
  static int allowed() {
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    return CPU_COUNT(&set);
  }
  TemporaryFolder folder_;
};

TEST_F(Cpus, WithoutAQuotaAllThatAreAllowed) {
  EXPECT_EQ(usable(), allowed()) << "no cgroup at all";
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(usable(), allowed());
}

TEST_F(Cpus, AQuotaCountsRoundedUp) {
  put("proc/self/cgroup", "0::/kubepods/pod1\n");
  put("sys/fs/cgroup/kubepods/pod1/cpu.max", "50000 100000\n");
  EXPECT_EQ(usable(), 1);
  put("sys/fs/cgroup/kubepods/pod1/cpu.max", "100001 100000\n");
  EXPECT_EQ(usable(), std::min(2, allowed()));
  put("sys/fs/cgroup/kubepods/pod1/cpu.max", "100000000 100000\n");
  EXPECT_EQ(usable(), allowed()) << "more than there are";
}

TEST_F(Cpus, TheLeastOfAllAboveCounts) {
  put("proc/self/cgroup", "0::/a/b/c\n");
  put("sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
  put("sys/fs/cgroup/a/cpu.max", "100000 100000\n");
  EXPECT_EQ(usable(), 1);
}

TEST_F(Cpus, InAContainerThePathMayBeTheHosts) {
  put("proc/self/cgroup", "0::/docker/0123\n");
  put("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(usable(), 1);
}

TEST_F(Cpus, Version1HasItsOwnFiles) {
  put("proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/docker/1\n1:name=systemd:/x\n");
  put("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "100000\n");
  put("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(usable(), 1);
  put("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(usable(), allowed());
}

TEST_F(Cpus, DamagedFilesAreNoQuota) {
  put("proc/self/cgroup", "nonsense\n0::\n");
  for (const char* text : {"", "0 0", "-5 100000", "nan 1", "1", "x y"}) {
    put("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(usable(), allowed()) << text;
  }
}

}  // namespace
}  // namespace hens
