// Which code an input reaches, in programs whose C++ is compiled with -fsanitize-coverage=trace-pc
// (HENS_SANITIZE=address): the compiler calls reached.cc at each basic block. In others the counts stay zero.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hens::fuzz {

inline constexpr size_t reached_places = 1 << 16;

// From here on steps from one block to another are counted in `counts` [reached_places], up to 255; nullptr: no more.
// Memory that is shared also counts what forked processes reach. Set it while the process has one thread.
void count_reached(uint8_t* counts);

}  // namespace hens::fuzz
