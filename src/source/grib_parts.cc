#include "source/grib_parts.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/error.h"

namespace hens {
namespace {

using Bytes = std::span<const std::byte>;

constexpr size_t indicator = 16, end_mark = 4;
constexpr size_t most_fields = 10000, most_made = size_t{1} << 30;
constexpr std::byte bitmap_of_before{254};  // octet 6 of section 6: the bitmap of an earlier field of this message

uint32_t length_of(Bytes section) {
  uint32_t length = 0;
  for (int i = 0; i < 4; ++i) length = length << 8 | std::to_integer<uint32_t>(section[i]);
  return length;
}

// Sections 1 to 7 in force, each with its length and number in front; empty where there was none yet.
using Sections = std::array<Bytes, 8>;

std::vector<std::byte> assemble(Bytes message, const Sections& sections) {
  std::vector<std::byte> made(message.begin(), message.begin() + indicator);
  for (const Bytes section : sections) made.insert(made.end(), section.begin(), section.end());
  for (int i = 0; i < 4; ++i) made.push_back(std::byte{'7'});
  for (int i = 0; i < 8; ++i) made[8 + i] = std::byte(uint64_t{made.size()} >> (56 - 8 * i));
  return made;
}

// Calls `use(number, section)` for each section after the indicator.
template <typename Use>
void for_each_section(Bytes message, const std::string& origin, const Use& use) {
  size_t at = indicator;
  while (at < message.size() - end_mark) {
    const Bytes rest = message.subspan(at, message.size() - end_mark - at);
    const uint32_t length = rest.size() < 5 ? 0 : length_of(rest);
    const int number = length < 5 ? 0 : std::to_integer<int>(rest[4]);
    if (length < 5 || length > rest.size() || number < 1 || number > 7) {
      fail(ExitCode::bad_input,
           "{}: damaged: no section of GRIB 2 lies at byte {} of the message; fetch the file again", origin, at);
    }
    use(number, rest.first(length));
    at += length;
  }
}

}  // namespace

std::vector<GribPart> split_grib_fields(Bytes message, const std::string& origin) {
  const bool edition_2 = message.size() > indicator + end_mark && message[7] == std::byte{2};
  if (!edition_2) return {{0, message, nullptr}};
  size_t fields = 0;
  for_each_section(message, origin, [&](int number, Bytes) { fields += number == 7; });
  if (fields <= 1) return {{0, message, nullptr}};
  if (fields > most_fields) fail(ExitCode::bad_input, "{}: a message of {} fields cannot be right", origin, fields);

  std::vector<GribPart> parts;
  Sections sections;
  Bytes bitmap;
  size_t total = 0;
  for_each_section(message, origin, [&](int number, Bytes section) {
    const bool again = number == 6 && section.size() == 6 && section[5] == bitmap_of_before;
    if (again && bitmap.empty()) {
      fail(ExitCode::bad_input, "{}: field {} shares a bitmap, and none is before it", origin, parts.size() + 1);
    }
    if (number == 6 && !again && section.size() > 6) bitmap = section;
    sections[number] = again ? bitmap : section;
    if (number != 7) return;
    auto made = std::make_shared<const std::vector<std::byte>>(assemble(message, sections));
    if ((total += made->size()) > most_made) {
      fail(ExitCode::bad_input, "{}: {} fields of one message take more than 1 GiB: split them (grib_copy)", origin,
           fields);
    }
    parts.push_back({static_cast<int>(parts.size()) + 1, Bytes(*made), made});
  });
  return parts;
}

}  // namespace hens
