// What the tests of packages share: copies of a package to damage, random bytes with a fixed seed.
#pragma once

#include <cstring>
#include <fstream>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "package/package.h"
#include "package/package_files.h"
#include "support/test_data.h"
#include "synth/synth.h"

namespace hens::test {

inline constexpr SynthSize tiny{.nlat = 13, .nlon = 24, .embed_dim = 4, .num_layers = 2};

// A file of any content, not made durable: tests write thousands, and a new file is faster than a truncated one.
inline void put_file(const fs::path& path, const std::string& bytes) {
  fs::remove(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Flips a bit of a tensor of the checkpoint in `folder`: of the values, which nothing else can tell from others.
inline void flip_byte_of_weights(const fs::path& folder) {
  const fs::path path = folder / checkpoint_file;
  std::string bytes = read_file(path);
  const ModelPackage package = open_package(folder);
  const TensorView& tensor = package.weights.at("blocks.1.filter.filter.weight");
  bytes[tensor.data - package.checkpoint->bytes().data()] ^= 1;
  put_file(path, bytes);
}

// The message of the Error that `action` throws; fails the test where it throws none, or one of another code.
template <typename Action>
std::string error_of(const Action& action, ExitCode code = ExitCode::bad_input) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

// True where `action` succeeds, false where it throws an Error; anything else fails the test.
template <typename Action>
bool survives(const Action& action) {
  try {
    action();
    return true;
  } catch (const Error&) {
    return false;
  }
}

inline std::string raw_bytes(const TensorView& tensor) {
  return {reinterpret_cast<const char*>(tensor.data), tensor.bytes()};
}

template <typename T>
std::string little_endian(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

}  // namespace hens::test
