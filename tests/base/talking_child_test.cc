#include "base/talking_child.h"

#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/error.h"
#include "support/test_data.h"

namespace hens {
namespace {

using namespace std::chrono_literals;
using Kind = TalkingChild::Heard::Kind;

ChildCommand shell(const std::string& script) { return {{"sh", "-c", script}}; }

// Everything until the end: "o:line" and "e:line", joined by commas.
std::string all_heard(TalkingChild& child) {
  std::string all;
  while (true) {
    const auto heard = child.hear(10s);
    if (heard.kind == Kind::end) return all;
    if (heard.kind == Kind::silence) return all + "silence";
    all += (heard.kind == Kind::output ? "o:" : "e:") + heard.line + ",";
  }
}

TEST(TalkingChild, AnswersLineByLine) {
  TalkingChild child(shell("while read line; do echo \"got $line\"; done; echo bye >&2"));
  for (const std::string word : {"one", "two"}) {
    EXPECT_TRUE(child.say(word));
    const auto heard = child.hear(10s);
    EXPECT_EQ(heard.kind, Kind::output);
    EXPECT_EQ(heard.line, "got " + word);
  }
  child.end_input();
  EXPECT_EQ(all_heard(child), "e:bye,");
  EXPECT_EQ(child.wait(), 0);
}

TEST(TalkingChild, LongLinesAndALastLineWithoutItsEndComeWhole) {
  TalkingChild child(shell("head -c 300000 /dev/zero | tr '\\0' x; echo; printf end"));
  EXPECT_EQ(child.hear(10s).line, std::string(300000, 'x'));
  EXPECT_EQ(child.hear(10s).line, "end");
  EXPECT_EQ(child.hear(10s).kind, Kind::end);
}

TEST(TalkingChild, SilenceIsToldInTime) {
  TalkingChild child(shell("sleep 60"));
  EXPECT_EQ(child.hear(50ms).kind, Kind::silence);
  child.interrupt(SIGTERM);
  EXPECT_EQ(child.wait(), 128 + SIGTERM);
}

TEST(TalkingChild, OneThatHasEndedTakesNothing) {
  std::signal(SIGPIPE, SIG_IGN);
  TalkingChild child(shell("exit 7"));
  EXPECT_EQ(all_heard(child), "");
  EXPECT_EQ(child.wait(), 7);
  EXPECT_FALSE(child.say("anybody there?"));
}

// Children started at the same time hold no ends of one another's pipes: each sees the end of its own input.
TEST(TalkingChild, EachHasItsPipesForItself) {
  std::vector<std::jthread> threads;
  for (int k = 0; k < 8; ++k) {
    threads.emplace_back([] {
      for (int round = 0; round < 10; ++round) {
        TalkingChild child(shell("cat"));
        child.say("x");
        child.end_input();
        EXPECT_EQ(all_heard(child), "o:x,");
        EXPECT_EQ(child.wait(), 0);
      }
    });
  }
}

// Whatever ends the one who started it, be it before the program's first line.
TEST(TalkingChild, EndsWithTheThreadThatMadeIt) {
  const test::TemporaryFolder folder;
  const auto written = [&] {
    std::error_code none;
    const auto bytes = fs::file_size(folder / "pid", none);
    return !none && bytes > 0;
  };
  std::thread([&] {
    new TalkingChild(shell("echo $$ > " + (folder / "pid").string() + "; exec sleep 300"));  // never taken down
    for (int k = 0; k < 500 && !written(); ++k) std::this_thread::sleep_for(10ms);
  }).join();
  const int pid = std::stoi(read_file(folder / "pid", 64));
  for (int k = 0; k < 500 && ::waitpid(pid, nullptr, WNOHANG) == 0; ++k) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(::kill(pid, 0), -1) << "it still runs";
}

TEST(TalkingChild, AProgramThatIsNotThereIsNamed) {
  try {
    TalkingChild child({{"no-such-program-of-ours"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::missing_input);
  }
}

}  // namespace
}  // namespace hens
