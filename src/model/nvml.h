// The two facts about a card that LibTorch does not tell, from NVML, loaded by name where it is there.
#pragma once

#include <string>

namespace hens {

struct NvmlFacts {
  std::string name;    // "NVIDIA H200"
  std::string driver;  // "580.159.04"
};

// Facts of the card at `index` in NVML's order; empty strings where there is no NVML or no such card. Thread-safe.
NvmlFacts nvml_facts(int index);

}  // namespace hens
