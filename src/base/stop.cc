#include "base/stop.h"

#include <atomic>
#include <csignal>
#include <unistd.h>

#include "base/error.h"

namespace hens {
namespace {

// A signal handler reaches nothing but a static.
std::atomic<bool> stop_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// _exit, not the default action: the kernel drops that one for process 1.
void end_at_once(int) { ::_exit(static_cast<int>(ExitCode::interrupted)); }

void wish_to_stop(int number) {
  if (stop_flag.exchange(true) && number == SIGINT) end_at_once(number);
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, nullptr);
}

void handle_stop_signals(void (*handler)(int)) {
  handle(SIGTERM, handler);
  handle(SIGINT, handler);
  struct sigaction hangup{};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) handle(SIGHUP, handler);
}

}  // namespace

void end_on_stop_signals() {
  handle_stop_signals(end_at_once);
  handle(SIGXFSZ, SIG_IGN);  // a write beyond RLIMIT_FSIZE then fails with EFBIG, which is reported as every error is
}

void install_stop_signals() {
  handle_stop_signals(wish_to_stop);
  handle(SIGPIPE, SIG_IGN);
  handle(SIGXFSZ, SIG_IGN);
}

bool stop_requested() noexcept { return stop_flag.load(); }

void stop_if_requested() {
  if (stop_requested()) fail(ExitCode::interrupted, "stopped by a signal; the same command continues the run");
}

void request_stop(bool wanted) noexcept { stop_flag.store(wanted); }

}  // namespace hens
