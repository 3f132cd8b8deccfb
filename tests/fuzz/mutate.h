// Damage to inputs: bits, numbers of all widths, digits of text, pieces taken out, doubled, moved, or taken from other
// inputs. Pure but for the generator's state.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace hens::fuzz {

inline constexpr size_t largest_input = 1 << 20;

// `input` with one to sixteen changes, at most largest_input bytes. Requires others not empty.
std::string mutated(std::string input, const std::vector<std::string>& others, std::mt19937_64& random);

}  // namespace hens::fuzz
