// Times of the phases of a step: on the GPU's own clock, and as ranges that NVIDIA's profilers show. Not thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/device/backend.h"

namespace hens::engine {

// A range on the timeline of NVIDIA's profilers (NVTX), from construction to destruction.
class NamedRange {
 public:
  explicit NamedRange(const char* name);
  ~NamedRange();
  NamedRange(const NamedRange&) = delete;
};

// Times what is launched between its marks.
class PhaseClock {
 public:
  explicit PhaseClock(const Backend& backend);
  ~PhaseClock();
  PhaseClock(const PhaseClock&) = delete;
  // Ends the phase that runs and begins another; a name may come again.
  void begin(const std::string& phase);
  void end();
  // Milliseconds of each phase that ended, in the order of their first marks. Waits for the stream. Empty on the host.
  std::vector<std::pair<std::string, double>> milliseconds();

 private:
  const Backend& backend_;
  std::vector<std::pair<std::string, void*>> marks_;  // cudaEvent_t; an empty name ends
};

}  // namespace hens::engine
