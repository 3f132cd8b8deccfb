#include "base/stop.h"

#include <csignal>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/error.h"

namespace hens {
namespace {

// Exit status of a process that installs the handlers, takes `signals` and then reports whether it saw the wish.
int exit_after(std::initializer_list<int> signals) {
  const pid_t child = fork();
  if (child == 0) {
    install_stop_signals();
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
