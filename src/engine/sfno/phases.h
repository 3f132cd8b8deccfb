// The phases of a step, for those who measure them.
#pragma once

#include <functional>

namespace hens::engine {

// What one phase of a step does: floating-point operations of its products, and bytes of fields, spectra and weights
// that it must read and write once at least.
struct PhaseWork {
  double flop = 0, bytes = 0;
};

// Told before each phase of a step is launched.
using PhaseObserver = std::function<void(const char* phase)>;

}  // namespace hens::engine
