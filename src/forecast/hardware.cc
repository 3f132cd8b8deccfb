#include "forecast/hardware.h"

#include "model/device.h"

namespace hens {

Hardware find_hardware(at::Device device) {
  Hardware hardware = host_hardware();
  hardware.device = device.str();
  const DeviceFacts facts = device_facts(device);
  hardware.gpu = facts.gpu;
  hardware.driver = facts.driver;
  return hardware;
}

}  // namespace hens
