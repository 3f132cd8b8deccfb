// The numbers of the zip format (PKWARE APPNOTE 6.3.10), shared by the reader and the writer of checkpoints.
// All fields are little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hens::zip {

constexpr uint32_t local_signature = 0x04034b50;       // 4.3.7, 30 bytes before the name
constexpr uint32_t descriptor_signature = 0x08074b50;  // 4.3.9, 16 bytes
constexpr uint32_t central_signature = 0x02014b50;     // 4.3.12, 46 bytes before the name
constexpr uint32_t end64_signature = 0x06064b50;       // 4.3.14, 56 bytes
constexpr uint32_t locator64_signature = 0x07064b50;   // 4.3.15, 20 bytes
constexpr uint32_t end_signature = 0x06054b50;         // 4.3.16, 22 bytes before the comment

constexpr size_t local_size = 30, central_size = 46, end64_size = 56, locator64_size = 20, end_size = 22;

constexpr uint16_t flag_encrypted = 1 << 0;
constexpr uint16_t flag_descriptor = 1 << 3;  // CRC and sizes follow the data
constexpr uint16_t flag_utf8 = 1 << 11;
constexpr uint16_t extra_zip64 = 0x0001;    // 4.5.3
constexpr uint16_t extra_padding = 0x4246;  // "FB", with which PyTorch aligns data

constexpr uint16_t in_zip64_16 = 0xffff;  // the true value is in the zip64 record
constexpr uint32_t in_zip64_32 = 0xffffffff;

// CRC-32 of zip and gzip. `previous` continues an earlier call's result.
uint32_t crc32(std::span<const std::byte> bytes, uint32_t previous = 0) noexcept;

}  // namespace hens::zip
