#include "fuzz/mutate.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace hens::fuzz {
namespace {

using Random = std::mt19937_64;

size_t below(Random& random, size_t n) { return n == 0 ? 0 : random() % n; }

// Lengths of pieces: short ones are the most likely.
size_t piece(Random& random, size_t most) {
  return most == 0 ? 0 : 1 + below(random, std::min(most, size_t{1} << below(random, 10)));
}

void flip_bit(std::string& input, Random& random) {
  input[below(random, input.size())] ^= static_cast<char>(1 << below(random, 8));
}

void set_byte(std::string& input, Random& random) { input[below(random, input.size())] = static_cast<char>(random()); }

// Counts, offsets and sizes at the ends of their ranges, or a little away from what they were; in either byte order.
void set_number(std::string& input, Random& random) {
  const size_t width = size_t{1} << below(random, 4);
  if (input.size() < width) return set_byte(input, random);
  char* const at = input.data() + below(random, input.size() - width + 1);
  uint64_t value = 0;
  std::memcpy(&value, at, width);
  const bool swapped = below(random, 2) == 0;
  const auto swap = [&] {
    if (swapped) std::reverse(reinterpret_cast<char*>(&value), reinterpret_cast<char*>(&value) + width);
  };
  constexpr std::array<uint64_t, 12> ends{0,      1,      2,          0x7f,       0x80,      0xff,
                                          0x7fff, 0xffff, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX};
  swap();
  value = below(random, 2) == 0 ? ends[below(random, ends.size())] : value + below(random, 17) - 8;
  swap();
  std::memcpy(at, &value, width);
}

// Text says its numbers in digits.
void set_digits(std::string& input, Random& random) {
  const size_t at = input.find_first_of("0123456789", below(random, input.size()));
  if (at == std::string::npos) return flip_bit(input, random);
  const size_t end = std::min(input.find_first_not_of("0123456789", at), input.size());
  constexpr std::array<const char*, 10> numbers{"0",
                                                "1",
                                                "-1",
                                                "65536",
                                                "2147483648",
                                                "4294967296",
                                                "9223372036854775808",
                                                "1e400",
                                                "1e-9",
                                                "99999999999999999999"};
  input.replace(at, end - at, numbers[below(random, numbers.size())]);
}

void take_out(std::string& input, Random& random) {
  const size_t at = below(random, input.size());
  input.erase(at, piece(random, input.size() - at));
}

void cut_off(std::string& input, Random& random) { input.resize(1 + below(random, input.size())); }

void put_in(std::string& input, const std::string& from, Random& random) {
  const size_t at = below(random, from.size());
  const std::string part = from.substr(at, piece(random, from.size() - at));
  const size_t to = below(random, input.size() + 1);
  if (below(random, 2) == 0) {
    input.insert(to, part);
  } else {
    input.replace(to, std::min(part.size(), input.size() - to), part);
  }
}

void change(std::string& input, const std::vector<std::string>& others, Random& random) {
  if (input.empty()) input.push_back(static_cast<char>(random()));
  switch (below(random, 9)) {
    case 0:
      return flip_bit(input, random);
    case 1:
      return set_byte(input, random);
    case 2:
    case 3:
      return set_number(input, random);
    case 4:
      return set_digits(input, random);
    case 5:
      return take_out(input, random);
    case 6:
      return put_in(input, std::string(input), random);
    case 7:
      return put_in(input, others[below(random, others.size())], random);
    default:
      if (below(random, 8) == 0) cut_off(input, random);
  }
}

}  // namespace

std::string mutated(std::string input, const std::vector<std::string>& others, Random& random) {
  const size_t changes = size_t{1} << below(random, 5);
  for (size_t k = 0; k < changes; ++k) change(input, others, random);
  input.resize(std::min(input.size(), largest_input));
  return input;
}

}  // namespace hens::fuzz
