// What a log writes where: a child process speaks to a pipe or to a pseudo-terminal, the test listens.
#include "base/log.h"

#include <chrono>
#include <fcntl.h>
#include <functional>
#include <limits>
#include <pty.h>
#include <sstream>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/progress_bar.h"
#include "base/time.h"
#include "support/test_data.h"

namespace hens {
namespace {

using nlohmann::json;
using test::TemporaryFolder;

// Reads until the other end is closed; a pseudo-terminal says EIO then.
std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof(buffer))) > 0;) text.append(buffer, static_cast<size_t>(n));
  ::close(fd);
  return text;
}

std::string stderr_of(const std::function<void()>& speak) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]), ::close(ends[1]);
    speak();
    _exit(0);
  }
  ::close(ends[1]);
  const std::string text = read_all(ends[0]);
  waitpid(child, nullptr, 0);
  return text;
}

std::string terminal_of(const std::function<void()>& speak, unsigned short columns = 100) {
  const winsize size{24, columns, 0, 0};
  int controller = -1;
  const pid_t child = forkpty(&controller, nullptr, nullptr, &size);
  if (child == 0) {
    speak();
    _exit(0);
  }
  const std::string text = read_all(controller);
  waitpid(child, nullptr, 0);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The lines that a terminal would show in the end: what \r and "erase the line" leave.
std::vector<std::string> screen_of(const std::string& text) {
  std::vector<std::string> screen{""};
  size_t column = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string& line = screen.back();
    if (text[i] == '\r') {
      column = 0;
    } else if (text[i] == '\n') {
      screen.emplace_back();
      column = 0;
    } else if (text.compare(i, 3, "\x1b[K") == 0) {
      line.resize(std::min(line.size(), column));
      i += 2;
    } else {
      line.resize(std::max(line.size(), column + 1), ' ');
      line[column++] = text[i];
    }
  }
  return screen;
}

TEST(Log, EachLineOfJsonIsAnEventWithItsFields) {
  const std::string text = stderr_of([] {
    Log log;  // automatic: a pipe is no terminal
    log.info("started", {{"members", 3}, {"name", "demo"}});
    log.warn("odd", {{"path", "a b\nc"}, {"value", std::numeric_limits<double>::quiet_NaN()}});
    log.error("failed", {{"text", "\xff\xfe"}, {"level", "mine"}});
  });
  const auto lines = lines_of(text);
  ASSERT_EQ(lines.size(), 3u);
  const json first = json::parse(lines[0]), second = json::parse(lines[1]), third = json::parse(lines[2]);
  EXPECT_EQ(first["event"], "started");
  EXPECT_EQ(first["level"], "info");
  EXPECT_EQ(first["members"], 3);
  EXPECT_EQ(first["name"], "demo");
  const std::string time = first["time"];
  EXPECT_NO_THROW(parse_time(time.substr(0, 19)));
  EXPECT_EQ(time.size(), 24u);
  EXPECT_EQ(second["level"], "warning");
  EXPECT_EQ(second["path"], "a b\nc");
  EXPECT_TRUE(second["value"].is_null());
  EXPECT_EQ(third["level"], "error");
  EXPECT_EQ(third["level_"], "mine");
}

TEST(Log, TextIsALineForPeopleThatCannotSteerTheTerminal) {
  const auto lines = lines_of(stderr_of([] {
    Log log(LogFormat::text);
    log.info("started", {{"members", 3}, {"name", "a b"}, {"seconds", 0.123456789}});
    log.warn("odd", {{"name", "\x1b[2Jx"}, {"message", "over\x1b[2J there"}});
  }));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].substr(8), " started members=3 name=\"a b\" seconds=0.123457");
  EXPECT_EQ(lines[1].substr(8), " WARNING odd: over?[2J there name=\"\\u001b[2Jx\"");
}

TEST(Log, FileGetsEveryEventAlsoFromSeveralProcesses) {
  const TemporaryFolder folder;
  const fs::path path = folder / "sub/log.jsonl";
  std::vector<pid_t> children;
  for (int process = 0; process < 4; ++process) {
    children.push_back(fork());
    if (children.back() == 0) {
      Log& log = Log::none();
      log.also_to(path);
      {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 2; ++thread) {
          threads.emplace_back([&, thread] {
            for (int i = 0; i < 50; ++i)
              log.info("tick", {{"from", 2 * process + thread}, {"i", i}, {"fill", std::string(200, '.')}});
          });
        }
      }
      _exit(0);
    }
  }
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  std::vector<int> next(8, 0);
  for (const std::string& line : lines_of(read_file(path))) {
    const json event = json::parse(line);
    EXPECT_EQ(event["i"], next.at(event["from"].get<size_t>())++) << "each writer's lines stay in order";
  }
  EXPECT_EQ(next, std::vector<int>(8, 50));
}

TEST(Log, FileThatCannotBeOpenedIsNamed) {
  const TemporaryFolder folder;
  publish_file(folder / "file", "x");
  try {
    Log::none().also_to(folder / "file/log.jsonl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::cannot_create);
  }
}

TEST(Log, AFifoInItsPlaceIsNamedAndNotWaitedFor) {
  const TemporaryFolder folder;
  const fs::path path = folder / "log.jsonl";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  for (const int reader : {-1, ::open(path.c_str(), O_RDONLY | O_NONBLOCK)}) {
    try {
      Log::none().also_to(path);
      ADD_FAILURE() << "with a reader: " << reader;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("log.jsonl"), std::string::npos) << error.what();
    }
  }
}

TEST(Log, NoneSaysNothing) {
  EXPECT_EQ(terminal_of([] {
              Log::none().error("unheard");
              Log::none().progress("unseen", 1, 2, "steps");
              Log::none().end_progress();
            }),
            "");
}

TEST(Progress, OffATerminalIsOneEventAtTheEnd) {
  const auto lines = lines_of(stderr_of([] {
    Log log;
    for (int i = 0; i <= 1000; ++i) log.progress("forecast", i, 1000, "member-steps");
    log.progress("forecast", 1000, 1000, "member-steps");
    log.end_progress();
  }));
  ASSERT_EQ(lines.size(), 1u) << "at most one event in 10 s, and one at the end";
  const json event = json::parse(lines[0]);
  EXPECT_EQ(event["event"], "progress");
  EXPECT_EQ(event["label"], "forecast");
  EXPECT_EQ(event["done"], 1000);
  EXPECT_EQ(event["total"], 1000);
  EXPECT_EQ(event["unit"], "member-steps");
  EXPECT_EQ(event["seconds_left"], 0.0);
}

TEST(Progress, EndedEarlySaysHowFarItCame) {
  const auto lines = lines_of(stderr_of([] {
    Log log;
    log.progress("forecast", 0, 10, "steps");
    log.progress("forecast", 7, 10, "steps");
    log.progress("forecast", 6, 10, "steps");  // late news
  }));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(json::parse(lines[0])["done"], 7);
}

TEST(Progress, BarStaysBelowTheEvents) {
  const std::string text = terminal_of([] {
    Log log;
    log.progress("forecast", 0, 4, "steps");
    log.info("member done", {{"member", 17}});
    log.progress("forecast", 2, 4, "steps");
    log.warn("slow");
    log.progress("forecast", 4, 4, "steps");
    log.end_progress();
    log.info("finished");
  });
  const auto screen = screen_of(text);
  ASSERT_EQ(screen.size(), 5u) << text;
  EXPECT_EQ(screen[0].substr(8), " member done member=17");
  EXPECT_EQ(screen[1].substr(8), " WARNING slow");
  EXPECT_TRUE(screen[2].starts_with("forecast [====")) << screen[2];
  EXPECT_NE(screen[2].find("100 %  4/4 steps"), std::string::npos) << screen[2];
  EXPECT_EQ(screen[3].substr(8), " finished");
}

TEST(Progress, IsRedrawnAtMostTenTimesASecond) {
  const std::string text = terminal_of([] {
    Log log;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(450);
    for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
      log.progress("forecast", i, 1e12, "steps");
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  const auto draws = std::count(text.begin(), text.end(), '[') / 2;  // the bar's own and that of "erase the line"
  EXPECT_GE(draws, 2);
  EXPECT_LE(draws, 7) << "at 0, 100, 200, 300 and 400 ms, once more at the end";
}

TEST(Progress, NeverWrapsOnANarrowTerminal) {
  for (const unsigned short columns : {100, 60, 40, 20, 5}) {
    const auto screen = screen_of(terminal_of(
        [] {
          Log log;
          log.progress("a rather long label of what is going on", 3, 7, "member-steps");
        },
        columns));
    for (const std::string& line : screen) EXPECT_LT(line.size(), columns);
  }
}

TEST(ProgressLine, ShowsPercentCountRateAndTimeLeft) {
  const ProgressState state{"forecast", 420, 1000, "member-steps", 20, 100.0};
  EXPECT_DOUBLE_EQ(progress_rate(state), 4.0) << "what was there at the start was not made by this run";
  EXPECT_DOUBLE_EQ(progress_seconds_left(state), 145.0);
  EXPECT_EQ(progress_line(state, 80),
            "forecast [==========>             ]  42 %  420/1000 member-steps  4/s  2:25 left");
  EXPECT_EQ(progress_line(state, 20), "forecast  42 %  420/");
  const ProgressState bytes{"x", 1.5e9, 3e9, "bytes", 0, 10.0};
  EXPECT_EQ(progress_line(bytes, 40), "x  50 %  1.5 GB of 3 GB  150 MB/s  0:10 ");
  EXPECT_TRUE(progress_line({"x", 80, 80, "steps", 0, 10.0}, 100).ends_with("8/s  0:10 in all"));
  // A label's time was once called the whole run's.
  EXPECT_TRUE(progress_line({"x", 80, 80, "steps", 60, 10.0}, 100).ends_with("2/s  0:10 for the last 20"));
}

TEST(ProgressLine, SurvivesOddNumbers) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const double done : {0.0, -1.0, 2.0, nan, infinity}) {
    for (const double total : {0.0, 1.0, nan, infinity}) {
      for (const double seconds : {0.0, 1.0, nan}) {
        const std::string line = progress_line({"label", done, total, "steps", 0, seconds}, 79);
        EXPECT_LE(line.size(), 79u);
        EXPECT_TRUE(line.starts_with("label")) << line;
      }
    }
  }
  EXPECT_LE(progress_line({"Vorhersage f\xc3\xbcr \xc3\x96sterreich", 1, 2, "steps", 0, 1}, 19).size(), 21u);
}

TEST(ClockText, HasHoursOnlyWhereThereAreSome) {
  EXPECT_EQ(clock_text(42), "0:42");
  EXPECT_EQ(clock_text(187), "3:07");
  EXPECT_EQ(clock_text(3909), "1:05:09");
}

TEST(AmountText, BytesHaveScales) {
  EXPECT_EQ(amount_text(0, "bytes"), "0 bytes");
  EXPECT_EQ(amount_text(999, "bytes"), "999 bytes");
  EXPECT_EQ(amount_text(1000, "bytes"), "1 kB");
  EXPECT_EQ(amount_text(1.234e6, "bytes"), "1.23 MB");
  EXPECT_EQ(amount_text(8.9e9, "bytes"), "8.9 GB");
  EXPECT_EQ(amount_text(999.9e6, "bytes"), "1 GB");
}

}  // namespace
}  // namespace hens
