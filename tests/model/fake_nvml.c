/* Stands in for NVIDIA's management library: two cards, of which the second does not count energy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char* buses[] = {"0000:1b:00.0", "0000:43:00.0"};

int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char* text, unsigned length) { return snprintf(text, length, "580.1") < 0; }
int nvmlDeviceGetHandleByPciBusId_v2(const char* bus, void** device) {
  for (int k = 0; k < 2; ++k) {
    if (strcmp(bus, buses[k]) == 0) {
      *device = (void*)buses[k];
      return 0;
    }
  }
  return 6; /* NVML_ERROR_NOT_FOUND */
}
int nvmlDeviceGetName(void* device, char* text, unsigned length) {
  return snprintf(text, length, "Card %s", (const char*)device) < 0;
}
/* Millijoules, from the environment so that a test moves them. */
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* energy) {
  if (device != (void*)buses[0]) return 3; /* NVML_ERROR_NOT_SUPPORTED */
  const char* given = getenv("FAKE_NVML_MILLIJOULES");
  *energy = given ? strtoull(given, NULL, 10) : 0;
  return 0;
}
