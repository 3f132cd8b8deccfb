// Checksums and digests: SHA-256 (OpenSSL) for identity, CRC-32C (ISA-L) for Zarr, both streaming and over whole files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hens {

// Incremental SHA-256. Not thread-safe; one digest per object.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);
  // Lower-case hexadecimal, 64 characters. The object takes no further update.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);

// Digest of a file's content, read in pieces. Throws Error{missing_input} or {io} naming the path.
std::string sha256_file(const std::filesystem::path& path);

// 32 bytes, of binary content. Key and text may be empty.
std::string hmac_sha256(std::string_view key, std::string_view text);

// Binary content as base64 with padding, and a digest's hexadecimal as the base64 of its bytes, as HTTP headers carry
// it. Requires an even number of hexadecimal digits.
std::string base64_text(std::string_view bytes);
std::string base64_of_hex(std::string_view hex);

// CRC-32C (Castagnoli) as Zarr v3's crc32c codec stores it. `previous` continues an earlier call's result.
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t previous = 0) noexcept;

}  // namespace hens
