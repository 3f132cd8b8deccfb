// Where a run without --output lies, and what is said of a container's own file system.
#include "run/output_place.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

class OutputPlace : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "hens_output_place_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A table as the kernel's, in a file.
  std::string mounts(const std::string& table) const {
    std::ofstream(folder_ / "mountinfo") << table;
    return (folder_ / "mountinfo").string();
  }

  fs::path folder_;
};

TEST_F(OutputPlace, IsBelowTheMountWhereThereIsOne) {
  fs::create_directory(folder_ / "results");
  EXPECT_EQ(default_output("demo", folder_ / "results"), folder_ / "results/demo");
  EXPECT_EQ(default_output("demo", folder_ / "absent"), fs::path("runs/demo"));
  EXPECT_EQ(default_output("demo", ""), fs::path("runs/demo")) << "outside of the image nothing changes";
}

TEST_F(OutputPlace, EndsWithTheContainerWhereNothingOrMemoryIsMounted) {
  const std::string real = fs::canonical(folder_).string();
  for (const char* name : {"plain", "results", "memory", "results of mine"}) fs::create_directory(folder_ / name);
  const std::string table = mounts(
      "22 1 0:35 / / rw,relatime - overlay overlay rw,lowerdir=/var\n"
      "31 22 259:1 /home/me/results " +
      real +
      "/results rw shared:1 master:2 - ext4 /dev/sda rw\n"
      "32 22 0:50 / " +
      real +
      "/memory rw - tmpfs tmpfs rw\n"
      "33 22 259:1 /x " +
      real +
      "/results\\040of\\040mine rw - ext4 /dev/sda rw\n"
      "34 31 0:51 / " +
      real + "/results/scratch rw - tmpfs tmpfs rw\n");
  EXPECT_TRUE(ends_with_container(folder_ / "plain/a/b", table)) << "what does not exist yet is where its parent is";
  EXPECT_TRUE(ends_with_container(folder_ / "memory/a", table));
  EXPECT_FALSE(ends_with_container(folder_ / "results/a", table));
  EXPECT_FALSE(ends_with_container(folder_ / "results of mine", table));
  fs::create_directory(folder_ / "results2");
  EXPECT_TRUE(ends_with_container(folder_ / "results2/a", table)) << "a name that begins alike is another folder";
  fs::create_directory(folder_ / "results/scratch");
  EXPECT_TRUE(ends_with_container(folder_ / "results/scratch/a", table)) << "memory within the mount";
  fs::create_directory_symlink(folder_ / "results", folder_ / "link");
  EXPECT_FALSE(ends_with_container(folder_ / "link/a", table)) << "a link is where it leads to";
  EXPECT_FALSE(ends_with_container(folder_ / "plain", folder_ / "no table"));
}

TEST_F(OutputPlace, TheWarningNamesTheMountAndIsForContainersOnly) {
  const std::string nothing = mounts("22 1 0:35 / / rw - overlay overlay rw\n");
  const std::string said = lost_results_warning(folder_ / "runs/demo", "demo", "/results", nothing);
  for (const char* part : {"runs/demo", "--rm", "-v \"$PWD/results:/results\"", "/results/demo", "--output"}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << " in " << said;
  }
  EXPECT_EQ(lost_results_warning(folder_ / "runs/demo", "demo", "", nothing), "");
  const std::string all = mounts("22 1 0:35 / / rw - overlay overlay rw\n23 22 8:1 / " +
                                 fs::canonical(folder_).string() + " rw - ext4 /dev/sda rw\n");
  EXPECT_EQ(lost_results_warning(folder_ / "runs/demo", "demo", "/results", all), "");
}

TEST_F(OutputPlace, WhatMayNotBeWrittenIsRefusedWithTheRemedy) {
  EXPECT_NO_THROW(check_may_write(folder_ / "new/run", "demo", "/results"));
  EXPECT_EXIT(
      {
        // Root may write everywhere: a child of its own becomes somebody else.
        if (::getuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) std::exit(99);
        try {
          check_may_write("/usr/new/run", "demo", "/results");
        } catch (const Error& error) {
          const std::string said = error.what();
          const bool named = said.find("--output") != std::string::npos && said.find("/usr") != std::string::npos &&
                             said.find("results:/results") != std::string::npos;
          std::exit(error.code() == ExitCode::cannot_create && named ? 0 : 98);
        }
        std::exit(97);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace hens
