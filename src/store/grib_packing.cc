#include "store/grib_packing.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <libaec.h>
#include <limits>
#include <memory>

#include "base/error.h"
#include "store/grib_bytes.h"

namespace hens {
namespace {

constexpr double limit = 16'777'216.0;  // 2^24: float32 holds all whole numbers up to here
constexpr int least_exponent = -126;    // R has to be a normal number
constexpr unsigned block_size = 32, reference_interval = 128;
// As ecCodes writes them: samples of 17 to 24 bits in three bytes, most significant first, preprocessed.
constexpr unsigned flags = AEC_DATA_3BYTE | AEC_DATA_MSB | AEC_DATA_PREPROCESS;

struct Range {
  float lowest = std::numeric_limits<float>::infinity(), highest = -std::numeric_limits<float>::infinity();
  size_t present = 0;
};

Range range_of(std::span<const float> field) {
  Range range;
  for (const float value : field) {
    range.present += value == value ? 1 : 0;
    range.lowest = value < range.lowest ? value : range.lowest;
    range.highest = value > range.highest ? value : range.highest;
  }
  if (range.present > 0 && (std::isinf(range.lowest) || std::isinf(range.highest))) {
    fail(ExitCode::not_finite, "a field with infinite values cannot be written as GRIB2");
  }
  return range;
}

// Values as whole numbers: how they are scaled, and the lowest of them.
struct Lattice {
  double factor = 1.0;  // scale / 2^E
  int exponent = 0, bits = 0;
  int32_t lowest = 0;
};

// round_half_even(x) for |x| < 2^31: adding 1.5 * 2^52 leaves the whole number in the low bits of the sum.
int32_t whole(double x) {
  return static_cast<int32_t>(static_cast<uint32_t>(std::bit_cast<uint64_t>(x + 6'755'399'441'055'744.0)));
}

// Whether the range fits the exponent, within `most` bits; the lattice then.
bool fits(double lowest, double highest, int exponent, int most, Lattice& lattice) {
  const double low = std::rint(std::ldexp(lowest, -exponent)), high = std::rint(std::ldexp(highest, -exponent));
  if (std::fabs(low) > limit || std::fabs(high) > limit) return false;
  lattice.exponent = exponent;
  lattice.lowest = static_cast<int32_t>(low);
  lattice.bits = std::bit_width(static_cast<uint32_t>(static_cast<int32_t>(high) - lattice.lowest));
  return lattice.bits <= most;
}

Lattice lattice_of(const Range& range, const GribPacking& packing) {
  Lattice lattice;
  if (range.present == 0) return lattice;
  const double lowest = range.lowest * packing.scale, highest = range.highest * packing.scale;
  const double size = std::max(std::fabs(lowest), std::fabs(highest));
  const int most = packing.bits == 0 ? most_grib_bits : packing.bits;
  // Nothing finer than 24 bits of the largest value: float32 has no more.
  int exponent = packing.bits == 0 ? packing.exponent : (size == 0.0 ? 0 : std::ilogb(size) - most_grib_bits);
  exponent = std::max(exponent, least_exponent);
  while (!fits(lowest, highest, exponent, most, lattice)) ++exponent;
  lattice.factor = std::ldexp(packing.scale, -lattice.exponent);
  return lattice;
}

size_t sample_bytes(int bits) { return static_cast<size_t>(bits + 7) / 8; }

// Samples of `count` bytes each, most significant first.
struct Samples {
  std::unique_ptr<unsigned char[]> bytes;
  size_t size = 0;
};

Samples samples_of(std::span<const float> field, const Range& range, const Lattice& lattice) {
  const size_t count = sample_bytes(lattice.bits);
  const auto unused = static_cast<int>(32 - 8 * count);
  // Each is stored as four bytes, of which the next one takes back the last.
  Samples made{std::make_unique_for_overwrite<unsigned char[]>(range.present * count + 4), range.present * count};
  unsigned char* out = made.bytes.get();
  for (const float value : field) {
    if (value != value) continue;
    const auto x = static_cast<uint32_t>(whole(value * lattice.factor) - lattice.lowest) << unused;
    const uint32_t swapped = __builtin_bswap32(x);
    std::memcpy(out, &swapped, sizeof swapped);
    out += count;
  }
  return made;
}

aec_stream stream_of(int bits, unsigned block, unsigned interval) {
  aec_stream stream{};
  stream.bits_per_sample = static_cast<unsigned>(bits);
  stream.block_size = block, stream.rsi = interval, stream.flags = flags;
  return stream;
}

// Appends the compressed samples.
void compress(const Samples& made, int bits, std::vector<std::byte>& message) {
  const size_t before = message.size();
  message.resize(before + made.size + made.size / 16 + 1024);  // more than libaec may need
  aec_stream stream = stream_of(bits, block_size, reference_interval);
  stream.next_in = made.bytes.get(), stream.avail_in = made.size;
  stream.next_out = reinterpret_cast<unsigned char*>(message.data() + before);
  stream.avail_out = message.size() - before;
  if (const int status = aec_buffer_encode(&stream); status != AEC_OK) {
    fail(ExitCode::bug, "libaec: cannot encode {} bytes of samples of {} bits: status {}", made.size, bits, status);
  }
  message.resize(before + stream.total_out);
}

// Section 5 with template 5.42.
void append_representation(const Range& range, const Lattice& lattice, std::vector<std::byte>& message) {
  const auto reference = static_cast<float>(std::ldexp(lattice.lowest, lattice.exponent));
  const int exponent = std::abs(lattice.exponent) | (lattice.exponent < 0 ? 0x8000 : 0);
  append_big_endian(message, 25, 4);
  append_big_endian(message, 5, 1);
  append_big_endian(message, range.present, 4);
  append_big_endian(message, 42, 2);
  append_big_endian(message, std::bit_cast<uint32_t>(reference), 4);
  append_big_endian(message, static_cast<uint64_t>(exponent), 2);
  append_big_endian(message, 0, 2);  // D
  append_big_endian(message, static_cast<uint64_t>(lattice.bits), 1);
  append_big_endian(message, 0, 1);  // the values are floating point numbers
  append_big_endian(message, flags, 1);
  append_big_endian(message, block_size, 1);
  append_big_endian(message, reference_interval, 2);
}

void append_bitmap(std::span<const float> field, const Range& range, std::vector<std::byte>& message) {
  const bool whole_field = range.present == field.size();
  const size_t bytes = whole_field ? 0 : (field.size() + 7) / 8;
  append_big_endian(message, 6 + bytes, 4);
  append_big_endian(message, 6, 1);
  append_big_endian(message, whole_field ? 255 : 0, 1);
  const size_t start = message.size();
  message.resize(start + bytes);
  for (size_t k = 0; !whole_field && k < field.size(); ++k) {
    if (field[k] == field[k]) message[start + k / 8] |= std::byte{0x80} >> (k % 8);
  }
}

// ---- back ----

struct Representation {
  size_t present = 0;
  double reference = 0.0;
  int exponent = 0, decimals = 0, bits = 0;
  unsigned block = 0, interval = 0;
};

int signed_16(uint64_t bits) { return static_cast<int>(bits & 0x7FFF) * ((bits & 0x8000) != 0 ? -1 : 1); }

bool read_representation(std::span<const std::byte> section, Representation& made) {
  if (section.size() != 25 || big_endian(section, 9, 2) != 42) return false;
  made.present = big_endian(section, 5, 4);
  made.reference = std::bit_cast<float>(static_cast<uint32_t>(big_endian(section, 11, 4)));
  made.exponent = signed_16(big_endian(section, 15, 2));
  made.decimals = signed_16(big_endian(section, 17, 2));
  made.bits = static_cast<int>(big_endian(section, 19, 1));
  made.block = static_cast<unsigned>(big_endian(section, 22, 1));
  made.interval = static_cast<unsigned>(big_endian(section, 23, 2));
  return made.bits <= most_grib_bits && made.decimals == 0 && big_endian(section, 21, 1) == flags &&
         made.block == block_size && made.interval == reference_interval;
}

bool decompress(std::span<const std::byte> data, const Representation& from, std::vector<std::byte>& made) {
  made.resize(from.present * sample_bytes(from.bits));
  if (made.empty()) return data.empty();
  aec_stream stream = stream_of(from.bits, from.block, from.interval);
  stream.next_in = reinterpret_cast<const unsigned char*>(data.data()), stream.avail_in = data.size();
  stream.next_out = reinterpret_cast<unsigned char*>(made.data()), stream.avail_out = made.size();
  return aec_buffer_decode(&stream) == AEC_OK && stream.total_out == made.size();
}

// Which points have a value; false where the section cannot be.
bool read_bitmap(std::span<const std::byte> section, size_t points, size_t present, std::vector<bool>& has) {
  if (section.size() < 6) return false;
  if (section[5] == std::byte{255}) return present == points;
  if (section[5] != std::byte{0} || section.size() != 6 + (points + 7) / 8) return false;
  has.resize(points);
  size_t count = 0;
  for (size_t k = 0; k < points; ++k) {
    has[k] = (section[6 + k / 8] & (std::byte{0x80} >> (k % 8))) != std::byte{0};
    count += has[k] ? 1 : 0;
  }
  return count == present;
}

}  // namespace

void pack_grib_field(std::span<const float> field, const GribPacking& packing, std::vector<std::byte>& message) {
  const Range range = range_of(field);
  const Lattice lattice = lattice_of(range, packing);
  append_representation(range, lattice, message);
  append_bitmap(field, range, message);
  const size_t section = message.size();
  append_big_endian(message, 0, 4);
  append_big_endian(message, 7, 1);
  // Without bits all values are the reference.
  if (lattice.bits > 0) compress(samples_of(field, range, lattice), lattice.bits, message);
  put_big_endian(message, section, message.size() - section, 4);
}

bool unpack_grib_field(std::span<const std::byte> message, double scale, std::span<float> field) {
  GribSections sections;
  Representation from;
  std::vector<bool> has;
  std::vector<std::byte> made;
  if (!find_grib_sections(message, sections) || !read_representation(sections[5], from) ||
      from.present > field.size() || !read_bitmap(sections[6], field.size(), from.present, has) ||
      !decompress(sections[7].subspan(5), from, made)) {
    return false;
  }
  const size_t bytes = sample_bytes(from.bits);
  const double quantum = std::ldexp(1.0, from.exponent);
  size_t at = 0;
  for (size_t k = 0; k < field.size(); ++k) {
    if (!has.empty() && !has[k]) {
      field[k] = std::numeric_limits<float>::quiet_NaN();
      continue;
    }
    const auto x = static_cast<double>(big_endian(made, at, bytes));
    field[k] = static_cast<float>((from.reference + x * quantum) / scale);
    at += bytes;
  }
  return true;
}

}  // namespace hens
