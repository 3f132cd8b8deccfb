// The devices that this machine has, for tests that run the same on each.
#pragma once

#include <gtest/gtest.h>

#include "base/error.h"
#include "model/device.h"

namespace hens::test {

inline bool has_gpu() {
  try {
    open_device("cuda");
    return true;
  } catch (const Error&) {
    return false;
  }
}

// A test with the device as its parameter, "cpu" or "cuda"; skipped, saying so, where there is no GPU.
class OnDevice : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "cuda" && !has_gpu()) GTEST_SKIP() << "needs a GPU";
  }
  at::Device device() const { return at::Device(GetParam()); }
};

inline auto devices() { return ::testing::Values("cpu", "cuda"); }

}  // namespace hens::test
