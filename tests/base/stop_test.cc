#include "base/stop.h"

#include <csignal>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/error.h"

namespace hens {
namespace {

// Exit status of a process that calls `install`, takes `signals` and then reports whether it saw the wish.
int exit_after(std::initializer_list<int> signals, void (*install)() = install_stop_signals) {
  const pid_t child = fork();
  if (child == 0) {
    install();
    for (const int number : signals) std::raise(number);
    try {
      stop_if_requested();
    } catch (const Error& error) {
      _exit(100 + static_cast<int>(error.code()));
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Stop, SignalsAreAWishNotAnEnd) {
  EXPECT_EQ(exit_after({}), 0);
  EXPECT_EQ(exit_after({SIGTERM}), 175);
  EXPECT_EQ(exit_after({SIGTERM, SIGTERM}), 175);
  EXPECT_EQ(exit_after({SIGINT}), 175);
  EXPECT_EQ(exit_after({SIGPIPE}), 0);
}

// A lost terminal ended runs with 129 and no end of their attempt.
TEST(Stop, AHangUpIsAWishTooUnlessItIsIgnored) {
  EXPECT_EQ(exit_after({SIGHUP}), 175);
  const auto under_nohup = [] {
    std::signal(SIGHUP, SIG_IGN);
    end_on_stop_signals();
    install_stop_signals();
  };
  EXPECT_EQ(exit_after({SIGHUP}, under_nohup), 0);
}

// Before a command listens, signals had their default action: none for process 1 of a container.
TEST(Stop, BeforeACommandListensASignalEndsAtOnce) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) EXPECT_EQ(exit_after({number}, end_on_stop_signals), 75);
}

TEST(Stop, SecondInterruptEndsAtOnce) { EXPECT_EQ(exit_after({SIGINT, SIGINT}), 75); }

TEST(Stop, FlagCanBeSetAndCleared) {
  EXPECT_FALSE(stop_requested());
  request_stop();
  EXPECT_TRUE(stop_requested());
  EXPECT_THROW(stop_if_requested(), Error);
  request_stop(false);
  EXPECT_NO_THROW(stop_if_requested());
}

}  // namespace
}  // namespace hens
