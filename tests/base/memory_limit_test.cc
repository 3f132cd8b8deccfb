// Memory under limits, as the files of a cgroup say them.
#include "base/memory_limit.h"

#include <fstream>

#include <gtest/gtest.h>

#include "support/test_data.h"

namespace hens {
namespace {

constexpr uint64_t gib = uint64_t{1} << 30;

class MemoryLimit : public ::testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }
  uint64_t limit() const { return memory_limit(folder_.path()); }
  test::TemporaryFolder folder_;
};

TEST_F(MemoryLimit, IsTheMachinesWithoutAGroup) {
  EXPECT_EQ(limit(), 0u) << "nothing says";
  put("proc/meminfo", "MemTotal:       24689764 kB\nMemFree: 1 kB\n");
  EXPECT_EQ(limit(), uint64_t{24689764} * 1024);
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(limit(), uint64_t{24689764} * 1024);
}

TEST_F(MemoryLimit, IsTheLeastOfTheGroupsAbove) {
  put("proc/meminfo", "MemTotal: 33554432 kB\n");
  put("proc/self/cgroup", "0::/kubepods/pod1/c\n");
  put("sys/fs/cgroup/kubepods/pod1/c/memory.max", "max\n");
  put("sys/fs/cgroup/kubepods/pod1/memory.max", "4294967296\n");
  put("sys/fs/cgroup/kubepods/memory.max", "8589934592\n");
  EXPECT_EQ(limit(), 4 * gib);
}

TEST_F(MemoryLimit, OfVersion1CountsToo) {
  put("proc/meminfo", "MemTotal: 33554432 kB\n");
  put("proc/self/cgroup", "4:cpu,cpuacct:/docker/1\n7:memory:/docker/1\n");
  put("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "2147483648\n");
  EXPECT_EQ(limit(), 2 * gib);
  put("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(limit(), 32 * gib) << "none, as version 1 says it";
}

TEST_F(MemoryLimit, DamagedFilesAreNoLimit) {
  put("proc/meminfo", "MemTotal: 1024 kB\n");
  put("proc/self/cgroup", "nonsense\n0::\n");
  for (const char* text : {"", "0", "-5", "nan", "x"}) {
    put("sys/fs/cgroup/memory.max", text);
    EXPECT_EQ(limit(), 1024u * 1024u) << text;
  }
}

TEST(FieldsInFlight, ShrinkWithTheLimitAndTheProcesses) {
  constexpr uint64_t field = 721 * 1440 * 4;
  EXPECT_EQ(fields_in_flight(64, field, 1, 128 * gib), 64);
  EXPECT_EQ(fields_in_flight(64, field, 8, 16 * gib), 64);
  EXPECT_EQ(fields_in_flight(64, field, 8, 4 * gib), 16);
  EXPECT_EQ(fields_in_flight(64, field, 1, gib / 2), 16);
  EXPECT_EQ(fields_in_flight(64, field, 8, gib / 8), 2) << "one is written while the next comes";
  EXPECT_EQ(fields_in_flight(1, field, 8, gib / 8), 1) << "never more than wanted";
  EXPECT_EQ(fields_in_flight(64, field, 8, 0), 64) << "unknown";
}

}  // namespace
}  // namespace hens
