// The weight file: made once, used afterwards, made anew when it is not what its package says.
#include "engine/weight_file.h"

#include <fstream>

#include <gtest/gtest.h>

#include "package/synth.h"
#include "support/test_data.h"

namespace hens::engine {
namespace {

class WeightFile : public testing::Test {
 protected:
  void SetUp() override {
    write_synthetic_package(folder_ / "package", {19, 36, 20, 2, 1}, 3);
    package_ = open_package(folder_ / "package");
    sizes_ = sizes_of(package_.config);
  }
  LoadedWeights load(const std::string& digest = "d1") {
    return load_weights(backend_, package_, sizes_, at::kCPU, folder_ / "engine", digest);
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
  for (const std::streamoff at : {std::streamoff{5000}, std::streamoff{-40}, std::streamoff{-12}, std::streamoff{-1}}) {
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

TEST_F(WeightFile, IsNotNeeded) {
  std::ofstream(folder_ / "engine") << "a file where the folder should be";
  EXPECT_EQ(load().source, WeightSource::package);
  EXPECT_EQ(load().source, WeightSource::package);
}

}  // namespace
}  // namespace hens::engine
