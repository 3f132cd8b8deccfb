// Keyed random numbers: the draws of a pair are a pure function of (seed, initial time, model, pair), so a member has
// the same bits alone, in any batch, shard, device count or order of work.
//
// Philox4x32-10 (Salmon et al., SC'11, "Parallel random numbers: as easy as 1, 2, 3"); normals by Box-Muller in double
// precision, rounded to float once.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/time.h"

namespace hens {

struct MemberKey {
  uint64_t seed = 0;
  Time initial_time{};
  int model = 0;  // index of the model in the job
  int pair = 0;   // pair of members; for methods without pairs, and for a model's own draws, the member itself
};

// Streams (fill_normals) below are the perturbation's, one a channel; from here on they are a model's own, for those
// that draw noise at every step.
inline constexpr uint32_t first_model_stream = uint32_t{1} << 31;

// The Philox4x32-10 block function, with the words in the order of Random123's test vectors.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) noexcept;

// Fills `out` with standard normals: those from number `first` on of the stream `stream` of `key` (a channel's index,
// say). Normal i of a stream depends on (key, stream, i) alone. Requires first + out.size() <= 2^33.
//
// Layout. One block turns the member's name into 128 bits:
//   name = philox(counter = {time low, time high, model, pair}, key = {seed low, seed high}), time in seconds since
//   1970.
// Block b of a stream, b = i / 2, is philox(counter = {b, stream, name[2], name[3]}, key = {name[0], name[1]}). For a
// given seed no two (time, model, pair, stream, i / 2) share a key and counter, because a block is a bijection.
// A block makes normals 2b and 2b + 1: r cos(a) and r sin(a), r from words 0 and 1, a from words 2 and 3 (low word
// first).
//
// The integers are the same everywhere. log, cos and sin of two C libraries may differ in a double's last bit; rounding
// to float hides all but about one such difference in 5 * 10^8.
void fill_normals(const MemberKey& key, uint32_t stream, std::span<float> out, uint64_t first = 0);

}  // namespace hens
