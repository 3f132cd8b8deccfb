#include "job/member_key.h"

#include <cassert>
#include <cmath>
#include <numbers>

namespace hens {
namespace {

using Counter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

uint32_t low(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t high(uint64_t x) { return static_cast<uint32_t>(x >> 32); }
uint64_t join(uint32_t low_word, uint32_t high_word) { return uint64_t{high_word} << 32 | low_word; }

// What all draws of one MemberKey share. Philox is a bijection of the counter, so different (time, model, pair) of one
// seed give different 128 bits: they become the draws' key and the upper half of their counter.
struct Lane {
  PhiloxKey key;
  uint32_t upper[2];
};

Lane lane_of(const MemberKey& key) {
  const auto seconds = static_cast<uint64_t>(key.initial_time.time_since_epoch().count());
  const Counter who{low(seconds), high(seconds), static_cast<uint32_t>(key.model), static_cast<uint32_t>(key.pair)};
  const Counter mixed = philox4x32(who, {low(key.seed), high(key.seed)});
  return {{mixed[0], mixed[1]}, {mixed[2], mixed[3]}};
}

// Box-Muller. The radius takes a uniform in (0, 1] (its logarithm exists), the angle one in [0, 1); each of 53 bits, so
// normals reach sqrt(2 * 53 ln 2) = 8.57.
std::array<float, 2> normal_pair(const Counter& bits) {
  constexpr double unit = 0x1p-53;
  const double radius_uniform = static_cast<double>((join(bits[0], bits[1]) >> 11) + 1) * unit;
  const double angle_uniform = static_cast<double>(join(bits[2], bits[3]) >> 11) * unit;
  const double radius = std::sqrt(-2.0 * std::log(radius_uniform));
  const double angle = 2.0 * std::numbers::pi * angle_uniform;
  return {static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle))};
}

}  // namespace

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53u} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {high(product1) ^ counter[1] ^ key[0], low(product1), high(product0) ^ counter[3] ^ key[1],
               low(product0)};
    key[0] += 0x9E3779B9u;  // the golden ratio
    key[1] += 0xBB67AE85u;  // sqrt(3) - 1
  }
  return counter;
}

void fill_normals(const MemberKey& key, uint32_t stream, std::span<float> out, uint64_t first) {
  assert(first + out.size() <= uint64_t{1} << 33);
  const Lane lane = lane_of(key);
  for (size_t i = 0; i < out.size();) {
    const uint64_t position = first + i;
    const auto pair = normal_pair(philox4x32({low(position / 2), stream, lane.upper[0], lane.upper[1]}, lane.key));
    for (uint64_t half = position % 2; half < 2 && i < out.size(); ++half) out[i++] = pair[half];
  }
}

}  // namespace hens
