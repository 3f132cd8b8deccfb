#include "engine/device/phase_clock.h"

#include <algorithm>

#include <cuda_runtime_api.h>
#include <nvtx3/nvToolsExt.h>

namespace hens::engine {
namespace {

cudaStream_t as_stream(void* stream) { return static_cast<cudaStream_t>(stream); }

}  // namespace

NamedRange::NamedRange(const char* name) { nvtxRangePushA(name); }
NamedRange::~NamedRange() { nvtxRangePop(); }

PhaseClock::PhaseClock(const Backend& backend) : backend_(backend) {}

PhaseClock::~PhaseClock() {
  for (const auto& [name, event] : marks_) {
    if (event != nullptr) cudaEventDestroy(static_cast<cudaEvent_t>(event));
  }
}

void PhaseClock::begin(const std::string& phase) {
  cudaEvent_t event = nullptr;
  if (backend_.on_gpu()) {
    backend_.make_current();
    check_cuda(cudaEventCreate(&event), "an event");
    check_cuda(cudaEventRecord(event, as_stream(backend_.stream())), "an event");
  }
  marks_.emplace_back(phase, event);
}

void PhaseClock::end() { begin(""); }

std::vector<std::pair<std::string, double>> PhaseClock::milliseconds() {
  std::vector<std::pair<std::string, double>> phases;
  if (!backend_.on_gpu()) return phases;
  backend_.wait();
  for (size_t i = 0; i + 1 < marks_.size(); ++i) {
    if (marks_[i].first.empty()) continue;
    float ms = 0;
    check_cuda(cudaEventElapsedTime(&ms, static_cast<cudaEvent_t>(marks_[i].second),
                                    static_cast<cudaEvent_t>(marks_[i + 1].second)),
               "an event");
    auto found = std::find_if(phases.begin(), phases.end(), [&](const auto& p) { return p.first == marks_[i].first; });
    if (found == phases.end()) found = phases.insert(phases.end(), {marks_[i].first, 0.0});
    found->second += ms;
  }
  return phases;
}

}  // namespace hens::engine
