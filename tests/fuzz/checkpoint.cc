// Checkpoints, both containers: what is found in the directory, and every byte that a tensor claims.
#include "package/checkpoint.h"

#include "base/checksum.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hens;
  const fs::path path = fuzz::folder().put("best_ckpt_mp0.tar", data, size);
  fuzz::value_or_error([&] {
    const MappedFile file(path);
    const Checkpoint checkpoint = read_checkpoint(file, [](std::string_view) { return true; });
    Sha256 all;
    for (const auto& [name, tensor] : checkpoint.tensors) all.update({tensor.data, tensor.bytes()});
  });
  fuzz::value_or_error([&] { checkpoint_sha256(path); });
  return 0;
}
