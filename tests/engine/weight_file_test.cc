// The weight file: made once, used afterwards, made anew when it is not what its package says.
#include "engine/sfno/weight_file.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/test_data.h"
#include "synth/synth.h"

namespace hens::engine {
namespace {

class WeightFile : public testing::Test {
 protected:
  void SetUp() override {
    write_synthetic_package(folder_ / "package", {19, 36, 20, 2, 1}, 3);
    package_ = open_package(folder_ / "package");
    sizes_ = sizes_of(package_.config);
  }
  // Chunks of 16 KiB: the file has a few dozen, and the last one is short.
  LoadedWeights load(const std::string& digest = "d1") {
    return load_weights(backend_, package_, sizes_, at::kCPU, folder_ / "engine", digest, 16384);
  }
  std::string bytes_of(const LoadedWeights& loaded) {
    return {loaded.weights.memory.as<const char>(), loaded.weights.memory.bytes()};
  }
  void damage(std::streamoff at) {
    const fs::path path = weight_file_path(folder_ / "engine", "d1");
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    if (at < 0) at += static_cast<std::streamoff>(fs::file_size(path));
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 1));
  }

  test::TemporaryFolder folder_;
  ModelPackage package_;
  Sizes sizes_;
  Backend backend_{Kernels::host, 0};
};

TEST_F(WeightFile, HoldsWhatThePackageFoldsTo) {
  const LoadedWeights first = load(), second = load();
  EXPECT_EQ(first.source, WeightSource::package);
  EXPECT_EQ(second.source, WeightSource::file);
  EXPECT_EQ(bytes_of(first), bytes_of(second));
  EXPECT_EQ(first.weights.offsets, second.weights.offsets);
}

TEST_F(WeightFile, IsMadeAnewAfterDamageAnywhere) {
  const std::string expected = bytes_of(load());
  const auto bytes = static_cast<std::streamoff>(expected.size());
  ASSERT_GT(bytes, 10 * 16384);
  ASSERT_NE(bytes % 16384, 0);
  for (const std::streamoff at : {std::streamoff{0}, std::streamoff{5000}, 4096 + bytes / 2, 4096 + bytes - 1,
                                  std::streamoff{-40}, std::streamoff{-12}, std::streamoff{-1}}) {
    damage(at);
    const LoadedWeights mended = load();
    EXPECT_EQ(mended.source, WeightSource::package) << at;
    EXPECT_EQ(bytes_of(mended), expected) << at;
    EXPECT_EQ(load().source, WeightSource::file) << at;
  }
  fs::resize_file(weight_file_path(folder_ / "engine", "d1"), 5000);
  EXPECT_EQ(load().source, WeightSource::package);
}

TEST_F(WeightFile, IsNotAnotherPackages) {
  load();
  fs::copy(weight_file_path(folder_ / "engine", "d1"), weight_file_path(folder_ / "engine", "d2"));
  EXPECT_EQ(load("d2").source, WeightSource::package);
}

// Where entries lie may change while the sum of their bytes stays.
TEST_F(WeightFile, IsNotAnotherLayouts) {
  load();
  const fs::path path = weight_file_path(folder_ / "engine", "d1");
  const std::string file = read_file(path);
  damage(static_cast<std::streamoff>(file.rfind("\"layout\":") + 10));
  EXPECT_FALSE(weight_file_facts(folder_ / "engine", "d1", sizes_));
  EXPECT_EQ(load().source, WeightSource::package);
}

// A process that was killed while it wrote left gigabytes in the cache for good.
TEST_F(WeightFile, LeavesNothingOfWritersThatWereKilled) {
  fs::create_directories(folder_ / "engine");
  const fs::path left = folder_ / "engine/.d0.v2.hensw.12345-0.tmp";
  std::ofstream(left) << "half a file";
  load();
  EXPECT_FALSE(fs::exists(left));
  EXPECT_EQ(load().source, WeightSource::file);
}

// They became infinite in silence, and with them every member.
TEST_F(WeightFile, SaysWhatDoesNotFit16Bits) {
  std::vector<float> large(20 * 40, 1e5f);
  TensorView& view = package_.weights.at("blocks.0.mlp.fwd.0.weight");
  ASSERT_EQ(view.bytes(), large.size() * sizeof(float));
  view.data = std::as_bytes(std::span(large)).data();
  try {
    load();
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_input);
    EXPECT_THAT(error.what(), testing::HasSubstr("block0.fc1.weight"));
    EXPECT_THAT(error.what(), testing::HasSubstr("best_ckpt"));
  }
}

TEST_F(WeightFile, IsNotNeeded) {
  std::ofstream(folder_ / "engine") << "a file where the folder should be";
  EXPECT_EQ(load().source, WeightSource::package);
  EXPECT_EQ(load().source, WeightSource::package);
}

}  // namespace
}  // namespace hens::engine
