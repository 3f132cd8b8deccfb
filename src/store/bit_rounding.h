// Bit rounding: float32 numbers with fewer bits in the mantissa, so that lossless compression has less to keep.
//
// A number becomes the nearest one whose mantissa has only its first `bits` bits (of 23, the leading one not counted),
// ties to that with an even last bit: the relative error is at most 2^-(bits + 1). NaN and infinities stay what they
// are, and finite numbers finite: beyond the largest number of so many bits all become that. The relative bound is that
// of normal numbers. As netCDF's BitRound, and xbitinfo's (Kloewer et al. 2021, doi:10.1038/s43588-021-00156-2). Pure
// functions.
#pragma once

#include <memory>
#include <span>

#include "store/store.h"

namespace hens {

// Requires 1 <= bits <= 23; with 23 nothing changes.
float round_mantissa(float value, int bits);
void round_mantissas(std::span<const float> values, int bits, std::span<float> rounded);

// What an array says of it: CF's and netCDF's attributes of the number of bits, and the error in words. Empty where all
// bits are kept.
nlohmann::ordered_json rounding_attributes(int bits);

// `writer` behind the layout's rounding; `writer` itself where nothing is rounded.
std::unique_ptr<MemberWriter> with_rounding(const StoreLayout& layout, std::unique_ptr<MemberWriter> writer);

}  // namespace hens
