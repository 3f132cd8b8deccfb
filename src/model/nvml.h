// What LibTorch does not tell about a card, from NVML, loaded by name where it is there.
#pragma once

#include <optional>
#include <string>

namespace hens {

struct NvmlFacts {
  std::string name;    // "NVIDIA H200"
  std::string driver;  // "580.159.04"
  // Energy that the card took since its driver was loaded [J], of all that ran on it; none where it does not say.
  std::optional<double> energy;
};

// Facts of the card at that place of the PCI bus ("0000:1b:00.0"), which names it whatever CUDA_VISIBLE_DEVICES shows;
// nothing where there is no NVML or no such card. `library` is another for tests. Thread-safe.
NvmlFacts nvml_facts(const std::string& pci_bus_id, const char* library = "libnvidia-ml.so.1");

}  // namespace hens
