#include "base/talking_child.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/wait.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "base/error.h"

namespace hens {
namespace {

constexpr size_t longest_line = size_t{64} << 20;

struct Pipe {
  FileDescriptor read, write;
};

// Close-on-exec: children that other threads start at the same time get none of its ends.
Pipe make_pipe() {
  std::array<int, 2> ends{};
#if defined(__linux__)
  const bool made = ::pipe2(ends.data(), O_CLOEXEC) == 0;
#else
  const bool made = ::pipe(ends.data()) == 0;
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
#endif
  if (!made) fail(ExitCode::cannot_create, "cannot make a pipe: {}", errno_text(errno));
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// Bytes of a stream, cut into lines.
class Lines {
 public:
  explicit Lines(FileDescriptor fd) : fd_(std::move(fd)) {}
  int fd() const { return fd_.get(); }
  bool open() const { return static_cast<bool>(fd_); }

  bool next(std::string& line) {
    const size_t end = text_.find('\n', searched_);
    if (end == std::string::npos) {
      searched_ = text_.size();
      if (text_.empty() || (open() && text_.size() < longest_line)) return false;
      line = std::exchange(text_, {});
    } else {
      line = text_.substr(0, end);
      text_.erase(0, end + 1);
    }
    searched_ = 0;
    return true;
  }

  void fill() {
    std::array<char, 65536> some;
    const ssize_t got = ::read(fd_.get(), some.data(), some.size());
    if (got > 0) text_.append(some.data(), static_cast<size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) fd_ = {};
  }

 private:
  FileDescriptor fd_;
  std::string text_;
  size_t searched_ = 0;
};

}  // namespace

struct TalkingChild::State {
  FileDescriptor input;
  Lines output, error;
  pid_t pid = -1;
  bool reaped = false;
  int exit_code = 0;
};

TalkingChild::TalkingChild(const ChildCommand& command) {
  Pipe in = make_pipe(), out = make_pipe(), err = make_pipe();
  const pid_t pid = start_with_descriptors(command, in.read.get(), out.write.get(), err.write.get());
  state_.reset(new State{std::move(in.write), Lines(std::move(out.read)), Lines(std::move(err.read)), pid});
}

TalkingChild::~TalkingChild() {
  if (state_->reaped) return;
  interrupt(SIGKILL);
  wait();
}

bool TalkingChild::say(std::string_view line) {
  std::string text(line);
  text += '\n';
  std::string_view rest = text;
  while (!rest.empty() && state_->input) {
    const ssize_t written = ::write(state_->input.get(), rest.data(), rest.size());
    if (written > 0) rest.remove_prefix(static_cast<size_t>(written));
    if (written < 0 && errno != EINTR) state_->input = {};
  }
  return rest.empty();
}

void TalkingChild::end_input() { state_->input = {}; }

TalkingChild::Heard TalkingChild::hear(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    Heard heard;
    heard.kind = Heard::Kind::output;
    if (state_->output.next(heard.line)) return heard;
    heard.kind = Heard::Kind::error;
    if (state_->error.next(heard.line)) return heard;
    if (!state_->output.open() && !state_->error.open()) return {Heard::Kind::end, {}};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() < 0) return {};
    std::array<pollfd, 2> wanted{pollfd{state_->output.open() ? state_->output.fd() : -1, POLLIN, 0},
                                 pollfd{state_->error.open() ? state_->error.fd() : -1, POLLIN, 0}};
    if (::poll(wanted.data(), wanted.size(), static_cast<int>(left.count())) == 0) return {};
    if (wanted[0].revents != 0) state_->output.fill();
    if (wanted[1].revents != 0) state_->error.fill();
  }
}

void TalkingChild::interrupt(int signal) const noexcept {
  if (state_->pid > 0 && !state_->reaped) ::kill(state_->pid, signal);
}

int TalkingChild::wait() {
  if (state_->reaped) return state_->exit_code;
  int status = 0;
  while (::waitpid(state_->pid, &status, 0) < 0 && errno == EINTR) {
  }
  state_->reaped = true;
  state_->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return state_->exit_code;
}

void end_with_parent([[maybe_unused]] int expected_parent) {
#if defined(__linux__)
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  if (::getppid() != expected_parent) ::_exit(static_cast<int>(ExitCode::interrupted));
}

}  // namespace hens
