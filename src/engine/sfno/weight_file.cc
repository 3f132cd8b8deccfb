#include "engine/sfno/weight_file.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <thread>
#include <unistd.h>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/json.h"
#include "base/stop.h"
#include "engine/device/copies.h"

namespace hens::engine {
namespace {

using Json = nlohmann::ordered_json;

constexpr char magic[] = "HENSWGT2";
constexpr size_t magic_bytes = 8, preamble_bytes = 4096, longest_json = 1 << 20;
constexpr int readers = 6;  // each with a chunk of locked memory: as many as keep a fast disk busy

std::map<std::string, uint64_t> offsets_of(const std::vector<WeightEntry>& entries) {
  std::map<std::string, uint64_t> offsets;
  for (const WeightEntry& entry : entries) offsets[entry.name] = entry.offset;
  return offsets;
}

// Of everything that says where which weights lie: a file of another layout is not this program's.
uint32_t layout_of(const std::vector<WeightEntry>& entries) {
  std::string text;
  for (const WeightEntry& entry : entries) {
    text += fmt::format("{} {} {} {}\n", entry.name, entry.type == at::kHalf ? "half" : "float",
                        fmt::join(entry.shape, "x"), entry.offset);
  }
  return crc32c(std::as_bytes(std::span(text)));
}

// Appends weights to a file on its way, with a checksum for every chunk.
class WeightWriter {
 public:
  WeightWriter(const fs::path& path, std::string package_digest, uint32_t layout, uint64_t chunk_bytes)
      : file_(path), package_digest_(std::move(package_digest)), layout_(layout), chunk_bytes_(chunk_bytes) {
    std::string preamble(magic, magic_bytes);
    preamble.resize(preamble_bytes);
    file_.write(preamble);
  }
  void append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto piece = bytes.first(std::min<uint64_t>(bytes.size(), chunk_bytes_ - total_ % chunk_bytes_));
      if (total_ % chunk_bytes_ == 0) checksums_.push_back(0);
      checksums_.back() = crc32c(piece, checksums_.back());
      file_.write(piece);
      total_ += piece.size();
      bytes = bytes.subspan(piece.size());
    }
  }
  void pad_to(uint64_t offset) {
    const std::vector<std::byte> zeros(offset - total_);
    append(zeros);
  }
  void publish() {
    const std::string json = Json{
        {"package_digest", package_digest_},
        {"layout", layout_},
        {"bytes", total_},
        {"crc32c", checksums_}}.dump();
    const uint64_t length = json.size();
    file_.write(json);
    file_.write(std::as_bytes(std::span(&length, 1)));
    file_.write(std::string_view(magic, magic_bytes));
    file_.publish();
  }

 private:
  PendingFile file_;
  std::string package_digest_;
  uint32_t layout_;
  uint64_t chunk_bytes_;
  std::vector<uint32_t> checksums_;
  uint64_t total_ = 0;
};

// From the package to where the weights are used and, as long as the disk takes them, to a file.
DeviceWeights fuse_anew(const Backend& backend, const ModelPackage& package, const Sizes& sizes, at::Device device,
                        const fs::path& path, const std::string& package_digest, uint64_t chunk_bytes) {
  const std::vector<WeightEntry> entries = weight_entries(sizes);
  DeviceWeights weights{Buffer(backend, weight_bytes(entries)), offsets_of(entries)};
  std::optional<WeightWriter> writer;
  const auto try_to_write = [&](const auto& write) {
    try {
      write();
    } catch (const Error&) {
      writer.reset();
    }
  };
  if (!path.empty()) {
    remove_stale_temporaries(path.parent_path());  // of processes that were killed while they wrote some gigabytes
    try_to_write([&] { writer.emplace(path, package_digest, layout_of(entries), chunk_bytes); });
  }
  fuse_weights(package, sizes, device, [&](const WeightEntry& entry, const at::Tensor& values) {
    stop_if_requested();
    const at::Tensor host = values.cpu();
    const std::span bytes(static_cast<const std::byte*>(host.const_data_ptr()), entry.bytes());
    upload(backend, weights.memory.as<char>() + entry.offset, bytes.data(), bytes.size());
    if (!writer) return;
    try_to_write([&] {
      writer->pad_to(entry.offset);
      writer->append(bytes);
    });
  });
  if (writer) {
    try_to_write([&] {
      writer->pad_to(weight_bytes(entries));
      writer->publish();
    });
  }
  backend.wait();
  return weights;
}

bool read_at(int file, void* to, size_t bytes, uint64_t offset) {
  for (size_t done = 0; done < bytes;) {
    const ssize_t got = pread(file, static_cast<char*>(to) + done, bytes - done, static_cast<off_t>(offset + done));
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

// The checksums of a file's chunks; empty where it is not the file that is wanted.
std::vector<uint32_t> checksums_of(int file, const std::string& package_digest, const std::vector<WeightEntry>& entries,
                                   uint64_t chunk_bytes) {
  const uint64_t bytes = weight_bytes(entries);
  struct stat status{};
  if (fstat(file, &status) != 0) return {};
  const auto size = static_cast<uint64_t>(status.st_size);
  char begin[magic_bytes], end[8 + magic_bytes];
  uint64_t length = 0;
  if (size < preamble_bytes + bytes + sizeof end || !read_at(file, end, sizeof end, size - sizeof end)) return {};
  std::memcpy(&length, end, 8);
  if (!read_at(file, begin, sizeof begin, 0) || std::memcmp(begin, magic, magic_bytes) != 0) return {};
  if (std::memcmp(end + 8, magic, magic_bytes) != 0 || length > longest_json) return {};
  if (size != preamble_bytes + bytes + length + sizeof end) return {};
  std::string text(length, '\0');
  if (!read_at(file, text.data(), length, preamble_bytes + bytes)) return {};
  const Json json = try_parse_json<Json>(text).value_or(nullptr);
  // By find and ==, which take a value of any type.
  const auto says = [&](const char* key, const Json& value) {
    const auto found = json.find(key);
    return found != json.end() && *found == value;
  };
  if (!json.is_object() || !says("package_digest", package_digest) || !says("bytes", bytes) ||
      !says("layout", layout_of(entries)) || !json.contains("crc32c")) {
    return {};
  }
  const Json& sums = json["crc32c"];
  if (!sums.is_array() || sums.size() != (bytes + chunk_bytes - 1) / chunk_bytes) return {};
  std::vector<uint32_t> result;
  for (const Json& sum : sums) {
    if (!sum.is_number_unsigned()) return {};
    result.push_back(sum.get<uint32_t>());
  }
  return result;
}

// Whether all of the file's weights arrived, with the right checksums.
bool read_weights(const Backend& backend, int file, const std::vector<uint32_t>& checksums, uint64_t chunk_bytes,
                  Buffer& memory) {
  std::atomic<size_t> next{0};
  std::atomic<bool> good{true};
  std::exception_ptr error;
  std::mutex mutex;
  const auto work = [&] {
    try {
      PinnedUpload pinned(backend, std::min<uint64_t>(chunk_bytes, memory.bytes()));
      for (size_t i; good && (i = next++) < checksums.size();) {
        stop_if_requested();
        const uint64_t offset = i * chunk_bytes, bytes = std::min(chunk_bytes, memory.bytes() - offset);
        if (!read_at(file, pinned.data(), bytes, preamble_bytes + offset) ||
            crc32c({static_cast<const std::byte*>(pinned.data()), bytes}) != checksums[i]) {
          good = false;
        } else {
          pinned.send(memory.as<char>() + offset, bytes);
        }
      }
    } catch (...) {
      const std::lock_guard guard(mutex);
      error = std::current_exception();
      good = false;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < readers; ++i) threads.emplace_back(work);
  }
  if (error) std::rethrow_exception(error);
  return good;
}

}  // namespace

fs::path weight_file_path(const fs::path& folder, const std::string& package_digest) {
  return folder / (package_digest + ".v" + magic[magic_bytes - 1] + ".hensw");
}

std::optional<WeightFileFacts> weight_file_facts(const fs::path& folder, const std::string& package_digest,
                                                 const Sizes& sizes) {
  const fs::path path = weight_file_path(folder, package_digest);
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  const std::vector<WeightEntry> entries = weight_entries(sizes);
  const size_t checksums = checksums_of(file.get(), package_digest, entries, weight_chunk_bytes).size();
  if (checksums == 0) return std::nullopt;
  return WeightFileFacts{path, weight_bytes(entries), checksums};
}

LoadedWeights load_weights(const Backend& backend, const ModelPackage& package, const Sizes& sizes, at::Device device,
                           const fs::path& folder, const std::string& package_digest, uint64_t chunk_bytes) {
  const fs::path path = folder.empty() ? fs::path() : weight_file_path(folder, package_digest);
  const FileDescriptor file(path.empty() ? -1 : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file) {
    const std::vector<WeightEntry> entries = weight_entries(sizes);
    const std::vector<uint32_t> checksums = checksums_of(file.get(), package_digest, entries, chunk_bytes);
    if (!checksums.empty()) {
      DeviceWeights weights{Buffer(backend, weight_bytes(entries)), offsets_of(entries)};
      backend.wait();  // the memory is cleared before it is written from other streams
      if (read_weights(backend, file.get(), checksums, chunk_bytes, weights.memory)) {
        return {std::move(weights), WeightSource::file};
      }
    }
  }
  return {fuse_anew(backend, package, sizes, device, path, package_digest, chunk_bytes), WeightSource::package};
}

}  // namespace hens::engine
