#include "store/chunk_files.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/checksum.h"
#include "base/error.h"
#include "base/ranged_file.h"
#include "store/blosc.h"

namespace hens {
namespace {

// Files that are open at a time while they get their names: with one fsync of their folder.
constexpr size_t group = 32;

}  // namespace

ChunkFilesWriter::ChunkFilesWriter(fs::path folder, std::vector<std::string> files, Compression compression)
    : folder_(std::move(folder)),
      files_(std::move(files)),
      compression_(compression),
      gathered_(folder_ / files_.front()) {}

void ChunkFilesWriter::append(std::span<const float> field) {
  const uint64_t before = gathered_.size();
  if (compression_ == Compression::none) {
    gathered_.write(std::as_bytes(field));
  } else {
    gathered_.write(blosc_compress(compression_, field));
  }
  sizes_.push_back(gathered_.size() - before);
}

std::vector<StoredFile> ChunkFilesWriter::publish() {
  const RangedFile gathered(gathered_.temporary_path());
  std::vector<StoredFile> stored;
  std::vector<PendingFile> pending;
  uint64_t offset = 0;
  for (size_t k = 0; k < sizes_.size(); ++k) {
    const std::vector<std::byte> bytes = gathered.read(offset, sizes_[k]);
    offset += sizes_[k];
    Sha256 digest;
    digest.update(bytes);
    pending.emplace_back(folder_ / files_[k]).write(bytes);
    stored.push_back({files_[k], bytes.size(), digest.hex()});
    if (pending.size() < group && k + 1 < sizes_.size()) continue;
    publish_together(pending);
    pending.clear();
  }
  return stored;
}

void read_chunk_file(const fs::path& path, Compression compression, std::span<float> field) {
  const RangedFile file(path);
  const auto damaged = [&](const std::string& what) {
    fail(ExitCode::bad_input, "{}: is damaged: {}; run the job again to recompute this member", path.string(), what);
  };
  // What does not shrink has blosc's header of 16 bytes more. Nothing longer is ours.
  if (file.size() > field.size_bytes() + 1024) damaged("it is too long");
  const std::vector<std::byte> bytes = file.read(0, file.size());
  if (compression != Compression::none) {
    if (!blosc_decompress(bytes, field)) damaged("it cannot be decompressed");
  } else if (bytes.size() == field.size_bytes()) {
    std::memcpy(field.data(), bytes.data(), bytes.size());
  } else {
    damaged(fmt::format("it has {} bytes instead of {}", bytes.size(), field.size_bytes()));
  }
}

}  // namespace hens
