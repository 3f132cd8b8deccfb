// Devices by name, and what a run records about them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

namespace hens {

// "cpu", "cuda", "cuda:1" or "auto" (a GPU if one works, else the CPU; `obstacle` then says why not). LibTorch's CUDA
// backend is loaded here, and only where a GPU is wanted: it costs a second and a gigabyte of address space that CPU
// runs need not pay. A GPU becomes the calling thread's current device. Throws Error{gpu} naming the device and what is
// in the way (no driver, driver too old, no such device), and Error{bad_spec} for another word.
at::Device open_device(const std::string& name, std::string* obstacle = nullptr);

// The GPUs that this process may use, as cuda:0 ..., without making a context on any or loading LibTorch's CUDA
// backend. Empty where there is none or no driver; CUDA_VISIBLE_DEVICES counts.
std::vector<std::string> visible_gpus();
std::vector<std::string> visible_gpu_names();  // "NVIDIA H200" ..., where NVML says

// Makes an opened device the calling thread's current one.
void use_device(at::Device device);

struct DeviceFacts {
  std::string gpu;     // "NVIDIA H200"; empty on the CPU
  std::string driver;  // "580.159.04"; empty on the CPU
};
DeviceFacts device_facts(at::Device device);

// The energy that a card takes from the making of this on, of all that runs on it.
class EnergyMeter {
 public:
  explicit EnergyMeter(at::Device device);
  std::optional<double> joules() const;  // so far; none on the CPU, and of cards that do not say

 private:
  std::string pci_bus_id_;
  std::optional<double> before_;
};

// Most bytes of GPU memory that LibTorch held at one time so far; 0 on the CPU.
uint64_t peak_gpu_bytes(at::Device device);

// Gives memory that LibTorch keeps for later back to the device; for what does not allocate through it.
void release_cached_memory(at::Device device);

// Waits until all work on the device is done; rethrows its faults as Error{gpu}.
void synchronize(at::Device device);

}  // namespace hens
