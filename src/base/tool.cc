#include "base/tool.h"

#include <cerrno>
#include <csignal>
#include <exception>
#include <fcntl.h>
#include <new>
#include <string_view>
#include <unistd.h>

#include "base/error.h"
#include "base/results.h"
#include "base/secrets.h"

namespace hens {
namespace {

void open_standard_descriptors() noexcept {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (::open("/dev/null", O_RDWR) < 0) ::_exit(static_cast<int>(ExitCode::io));  // takes the lowest number: fd
  }
}

// What cannot be said is lost; the exit code is not.
void say(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

int report(const char* name, ExitCode code, std::string_view text) noexcept {
  try {
    say(fmt::format("{}: {}\n", name, redacted(text)));
  } catch (const std::exception&) {
    say("no memory for the message\n");
  }
  return static_cast<int>(code);
}

}  // namespace

int run_tool(const char* name, int argc, char** argv, int (*dispatch)(const std::vector<std::string>&)) noexcept {
  open_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of writing: its code is ours to choose
  try {
    const int code = dispatch({argv + 1, argv + argc});
    if (code == 0) flush_results();
    return code;
  } catch (const Error& error) {
    return report(name, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return report(name, ExitCode::bug, "out of memory");
  } catch (const std::exception& error) {
    return report(name, ExitCode::bug, error.what());
  } catch (...) {
    return report(name, ExitCode::bug, "an exception of an unknown kind");
  }
}

}  // namespace hens
