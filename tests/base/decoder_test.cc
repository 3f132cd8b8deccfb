// Workers that die, hang, lie and answer; one process stays whole.
#include "base/decoder.h"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/stop.h"

namespace hens {
namespace {

using ::testing::HasSubstr;

class Misbehaving : public DecodeSession {
 public:
  DecodeMessage answer(const DecodeMessage& request) override {
    const std::string what = request.facts.at("do");
    if (what == "crash") ::raise(SIGSEGV);
    if (what == "abort") std::abort();
    if (what == "exit") ::_exit(3);
    if (what == "spin") {
      while (true) asm volatile("");
    }
    if (what == "sleep") ::sleep(600);
    if (what == "error") fail(ExitCode::missing_input, "as it was said");
    if (what == "bug") throw std::logic_error("a bug of ours");
    if (what == "memory") {
      std::vector<char> all(size_t{1} << 40, 'x');
      return {{{"size", all.size()}}, {}, {}};
    }
    ++answered_;
    return {{{"pid", ::getpid()}, {"answered", answered_}}, request.data, request.more, request.owner};
  }

 private:
  int answered_ = 0;
};

std::unique_ptr<DecodeSession> make() { return std::make_unique<Misbehaving>(); }

nlohmann::json please(const char* what) { return {{"do", what}}; }

// Keepers are for processes without threads: each case has a process of its own. `check` returns what is wrong.
std::string with_keeper(const std::function<std::string()>& check) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string wrong;
    try {
      start_decoders();
      wrong = check();
    } catch (const std::exception& error) {
      wrong = error.what();
    }
    [[maybe_unused]] const auto written = ::write(ends[1], wrong.data(), wrong.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string wrong(4096, '\0');
  const ssize_t size = ::read(ends[0], wrong.data(), wrong.size());
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return "the program died with the worker";
  wrong.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return wrong;
}

std::string error_of(Decoder& decoder, const char* what, ExitCode code, const DecodeLimits& limits = {}) {
  try {
    decoder.call({please(what), {}, {}}, "file: message 7", limits);
  } catch (const Error& error) {
    return error.code() == code ? error.what() : std::string("another code: ") + error.what();
  }
  return "no error";
}

TEST(Decoder, AnswersAcrossProcesses) {
  EXPECT_EQ(with_keeper([]() -> std::string {
              Decoder decoder(make), other(make);
              std::vector<std::byte> data(4 << 20);
              for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 31 >> 3);
              const DecodeMessage first = decoder.call({please("answer"), data, std::span(data).first(7)}, "file");
              const DecodeMessage second = decoder.call({please("answer"), {}, {}}, "file");
              if (!std::ranges::equal(first.data, data)) return "the data are others";
              if (!std::ranges::equal(first.more, std::span(data).first(7))) return "there is not more";
              if (first.facts["pid"] == ::getpid()) return "no process of its own";
              if (second.facts["answered"] != 2 || second.facts["pid"] != first.facts["pid"]) return "no session";
              return other.call({please("answer"), {}, {}}, "file").facts["answered"] == 1 ? "" : "sessions are one";
            }),
            "");
}

TEST(Decoder, WhatDiesIsAnErrorThatNamesTheMessage) {
  for (const char* death : {"crash", "abort", "exit"}) {
    EXPECT_THAT(with_keeper([&] {
                  Decoder decoder(make);
                  std::string text = error_of(decoder, death, ExitCode::bad_input);
                  if (error_of(decoder, "answer", ExitCode::bad_input) == "no error") text = "it rose again";
                  Decoder fresh(make);
                  fresh.call({please("answer"), {}, {}}, "file");  // others are not concerned
                  return text;
                }),
                HasSubstr("file: message 7: the process that decoded it ended without an answer"))
        << death;
  }
}

TEST(Decoder, WhatNeverEndsIsEnded) {
  for (const char* way : {"spin", "sleep"}) {
    EXPECT_THAT(with_keeper([&] {
                  Decoder decoder(make);
                  return error_of(decoder, way, ExitCode::bad_input, {.cpu_seconds = 1, .wall_seconds = 2});
                }),
                HasSubstr("file: message 7"))
        << way;
  }
}

TEST(Decoder, ErrorsArriveAsTheyWereThrown) {
  EXPECT_EQ(with_keeper([] {
              Decoder decoder(make);
              return error_of(decoder, "error", ExitCode::missing_input);
            }),
            "as it was said");
  // A sanitizer's `new` of what cannot be had ends the process instead of throwing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  const char* memory = "ended without an answer";
#else
  const char* memory = "file: message 7: it takes more memory";
#endif
  EXPECT_THAT(with_keeper([] {
                Decoder decoder(make);
                return error_of(decoder, "memory", ExitCode::bad_input);
              }),
              HasSubstr(memory));
  EXPECT_EQ(with_keeper([]() -> std::string {
              Decoder decoder(make);
              decoder.call({please("bug"), {}, {}}, "file");
              return "no exception";
            }),
            "a bug of ours");
}

TEST(Decoder, AStopEndsTheWait) {
  EXPECT_THAT(with_keeper([] {
                Decoder decoder(make);
                decoder.call({please("answer"), {}, {}}, "file");
                request_stop(true);
                return error_of(decoder, "sleep", ExitCode::interrupted);
              }),
              HasSubstr("stopped by a signal"));
}

TEST(Decoder, WorkersEndWithTheProgram) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    start_decoders();
    Decoder decoder(make);
    const int worker = decoder.call({please("answer"), {}, {}}, "file").facts["pid"];
    [[maybe_unused]] const auto written = ::write(ends[1], &worker, sizeof worker);
    ::kill(::getpid(), SIGKILL);
  }
  int worker = 0;
  ASSERT_EQ(::read(ends[0], &worker, sizeof worker), static_cast<ssize_t>(sizeof worker));
  ::waitpid(child, nullptr, 0);
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    gone = ::kill(worker, 0) != 0;
    if (!gone) ::usleep(50'000);
  }
  EXPECT_TRUE(gone);
}

TEST(Decoder, WithoutAKeeperItWorksHere) {
  Decoder decoder(make);
  EXPECT_EQ(decoder.call({please("answer"), {}, {}}, "file").facts["pid"], ::getpid());
  EXPECT_EQ(error_of(decoder, "error", ExitCode::missing_input), "as it was said");
}

}  // namespace
}  // namespace hens
