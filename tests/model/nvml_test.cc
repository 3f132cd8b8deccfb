// NVML by a stand-in: cards by their place on the bus, energy where it is counted.
#include "model/nvml.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace hens {
namespace {

TEST(Nvml, NamesACardByItsPlaceOnTheBus) {
  const NvmlFacts second = nvml_facts("0000:43:00.0", HENS_FAKE_NVML);
  EXPECT_EQ(second.name, "Card 0000:43:00.0");
  EXPECT_EQ(second.driver, "580.1");
  EXPECT_FALSE(second.energy) << "it does not count";
}

TEST(Nvml, CountsEnergyInJoules) {
  ::setenv("FAKE_NVML_MILLIJOULES", "123456789012345", 1);
  EXPECT_EQ(nvml_facts("0000:1b:00.0", HENS_FAKE_NVML).energy, 123456789012.345);
}

TEST(Nvml, KnowsNothingOfOtherCards) {
  for (const char* bus : {"", "0000:00:00.0"}) {
    const NvmlFacts facts = nvml_facts(bus, HENS_FAKE_NVML);
    EXPECT_EQ(facts.name, "");
    EXPECT_FALSE(facts.energy);
  }
}

TEST(Nvml, IsNotMissedWhereItIsNotThere) {
  const NvmlFacts facts = nvml_facts("0000:1b:00.0", "libno_such_nvml.so");
  EXPECT_EQ(facts.name + facts.driver, "");
  EXPECT_FALSE(facts.energy);
}

}  // namespace
}  // namespace hens
