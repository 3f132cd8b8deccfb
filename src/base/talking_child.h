// A child that is talked to while it lives: lines to its standard input, lines from its standard output and error.
//
// Its pipes are its own: no other child holds an end of them, so that each side sees the other's end. The child is to
// ask for end_with_parent() first of all. One thread at a time, and the one that made it must live as long as the child
// (the kernel takes that thread for the parent); interrupt() may come from any thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/child_process.h"

namespace hens {

class TalkingChild {
 public:
  // Throws Error{missing_input} naming a program that is not there or cannot be started.
  explicit TalkingChild(const ChildCommand& command);
  ~TalkingChild();  // kills and reaps it, where it still lives
  TalkingChild(const TalkingChild&) = delete;
  TalkingChild& operator=(const TalkingChild&) = delete;

  // Writes a line and its end. Returns whether the child took it; it does not where it has closed its input or ended.
  bool say(std::string_view line);
  void end_input();

  struct Heard {
    enum class Kind { output, error, silence, end } kind = Kind::silence;
    std::string line;  // without its end
  };
  // The next line of either stream; silence after `patience`, end when both streams are closed. Lines longer than 64
  // MiB are cut there.
  Heard hear(std::chrono::milliseconds patience);

  void interrupt(int signal) const noexcept;
  // Waits for it. As a shell gives it: 128 + n after signal n.
  int wait();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// To be called by a child first of all: it is killed when its parent's thread ends, however that happens. Where the
// parent has ended already, the process ends here.
void end_with_parent(int expected_parent);

}  // namespace hens
