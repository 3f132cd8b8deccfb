// The promise to end within five seconds of a stop signal, whatever a step takes.
#pragma once

#include <thread>

namespace hens {

// While it lives: four seconds after a stop was asked for, ends the process with ExitCode::interrupted if the work has
// not ended by itself. That harms nothing: what is not published yet is a temporary file that the next run removes.
class StopDeadline {
 public:
  StopDeadline();

 private:
  std::jthread watcher_;
};

}  // namespace hens
