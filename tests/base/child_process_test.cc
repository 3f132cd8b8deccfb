// Facts about programs that ours starts.
#include "base/child_process.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hens {
namespace {

TEST(ChildProcess, BringsOutputsAndExitCode) {
  const ChildResult result = run_captured({{"sh", "-c", "echo out; echo err >&2; exit 7"}});
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST(ChildProcess, SeesEveryArgumentAsItIs) {
  const std::string odd = "a b'c\"d$HOME;`x`\n*";
  EXPECT_EQ(run_captured({{"printf", "%s", odd}}).out, odd);
  EXPECT_EQ(run_captured({{"printf", "%s", ""}}).out, "");
}

TEST(ChildProcess, ReadsItsInputAndAddedEnvironment) {
  EXPECT_EQ(run_captured({{"cat"}, {}, "some\ntext"}).out, "some\ntext");
  EXPECT_EQ(run_captured({{"sh", "-c", "echo $HENS_X; echo ${PATH:+path}"}, {{"HENS_X", "y"}}}).out, "y\npath\n");
}

TEST(ChildProcess, MoreThanAPipeHoldsOnBothOutputsIsNoDeadlock) {
  const ChildResult result = run_captured(
      {{"sh", "-c", "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"}});
  EXPECT_EQ(result.out.size(), 300000u);
  EXPECT_EQ(result.err.size(), 600000u);
}

TEST(ChildProcess, ASignalIsNoSuccess) { EXPECT_EQ(run_captured({{"sh", "-c", "kill -9 $$"}}).exit_code, 137); }

TEST(ChildProcess, WhatIsNotThereIsNamed) {
  EXPECT_FALSE(find_program("no-such-program-anywhere"));
  EXPECT_THROW(run_captured({{"no-such-program-anywhere"}}), Error);
  EXPECT_THROW(run_captured({{"/no/such/program"}}), Error);
  EXPECT_TRUE(find_program("sh"));
}

TEST(ChildProcess, AttachedGivesTheExitCode) { EXPECT_EQ(run_attached({{"sh", "-c", "exit 3"}}), 3); }

}  // namespace
}  // namespace hens
