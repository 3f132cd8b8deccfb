#include "ec2/wait_notice.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

namespace hens::ec2 {
namespace {

using Seconds = std::chrono::duration<double>;

Seconds first_pause() {
  const char* set = std::getenv("HENS_EC2_NOTICE_SECONDS");
  const double seconds = set != nullptr ? std::strtod(set, nullptr) : 0;
  return Seconds(seconds > 0 ? seconds : 10);
}

}  // namespace

WaitNotice::WaitNotice(std::string what) : what_(std::move(what)), thread_([this] { speak_now_and_then(); }) {}

WaitNotice::~WaitNotice() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void WaitNotice::speak_now_and_then() {
  const auto begun = std::chrono::steady_clock::now();
  Seconds pause = first_pause();
  std::unique_lock<std::mutex> lock(mutex_);
  while (!wake_.wait_for(lock, pause, [this] { return over_; })) {
    const Seconds so_far = std::chrono::steady_clock::now() - begun;
    fmt::print(stderr, "waiting for {} ({:.0f} s) ...\n", what_, so_far.count());
    pause = first_pause() * 3;
  }
}

}  // namespace hens::ec2
