// A line on stderr for what takes longer than people wait in silence: "waiting for ... (10 s)", and again now and then.
//
// An object a wait: it speaks from a thread of its own while it lives, the first time after ten seconds
// (HENS_EC2_NOTICE_SECONDS says otherwise), and then every thirty.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace hens::ec2 {

class WaitNotice {
 public:
  explicit WaitNotice(std::string what);  // "i-0123 to end"
  ~WaitNotice();
  WaitNotice(const WaitNotice&) = delete;
  WaitNotice& operator=(const WaitNotice&) = delete;

 private:
  void speak_now_and_then();

  std::string what_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace hens::ec2
