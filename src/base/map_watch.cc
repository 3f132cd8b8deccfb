#include "base/map_watch.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

#include "base/error.h"

namespace hens {
namespace {

struct Place {
  std::atomic<uintptr_t> begin{0};  // 0: free; 1: being filled
  std::atomic<size_t> size{0};
  std::array<char, 4096> path{};
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free);

// A signal handler reaches nothing but a static.
std::array<Place, 256> places;

void say(const char* text) { [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text, std::strlen(text)); }

[[noreturn]] void end_naming(const char* path, size_t size) {
  struct stat status{};
  const bool shrank = ::stat(path, &status) != 0 || static_cast<size_t>(status.st_size) < size;
  say("hens: "), say(path);
  say(shrank ? ": shrank or was removed while it was read: leave it alone while hens runs, and run again\n"
             : ": cannot be read: its disk or file system failed (see dmesg)\n");
  ::_exit(static_cast<int>(shrank ? ExitCode::bad_input : ExitCode::io));
}

void on_bus_error(int number, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (const Place& place : places) {
    const uintptr_t begin = place.begin.load(std::memory_order_acquire);
    if (begin > 1 && address >= begin && address - begin < place.size) end_naming(place.path.data(), place.size);
  }
  // None of ours: the next fault, at the same instruction, has the default action.
  std::signal(number, SIG_DFL);
}

void install_handler() {
  struct sigaction action{};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace

MapWatch::MapWatch(std::span<const std::byte> bytes, const char* path) {
  static std::once_flag once;
  std::call_once(once, install_handler);
  for (size_t k = 0; k < places.size(); ++k) {
    uintptr_t free = 0;
    if (!places[k].begin.compare_exchange_strong(free, 1)) continue;
    std::strncpy(places[k].path.data(), path, places[k].path.size() - 1);
    places[k].size = bytes.size();
    places[k].begin.store(reinterpret_cast<uintptr_t>(bytes.data()), std::memory_order_release);
    place_ = static_cast<int>(k);
    return;
  }
}

MapWatch::MapWatch(MapWatch&& other) noexcept : place_(std::exchange(other.place_, -1)) {}

MapWatch& MapWatch::operator=(MapWatch&& other) noexcept {
  std::swap(place_, other.place_);
  return *this;
}

MapWatch::~MapWatch() {
  if (place_ >= 0) places[static_cast<size_t>(place_)].begin.store(0, std::memory_order_release);
}

}  // namespace hens
