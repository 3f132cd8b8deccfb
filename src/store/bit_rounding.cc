#include "store/bit_rounding.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace hens {
namespace {

constexpr uint32_t exponent_mask = 0x7f800000;

class RoundingWriter final : public MemberWriter {
 public:
  RoundingWriter(std::vector<int> bits, std::unique_ptr<MemberWriter> writer)
      : bits_(std::move(bits)), writer_(std::move(writer)) {}

  int lane(int variable) const override { return writer_->lane(variable); }

  void append(int variable, int lead, std::span<const float> field) override {
    const int bits = bits_.at(static_cast<size_t>(variable));
    if (bits == mantissa_bits) return writer_->append(variable, lead, field);
    std::vector<float> rounded(field.size());
    round_mantissas(field, bits, rounded);
    writer_->append(variable, lead, rounded);
  }

  std::vector<StoredFile> finish() override { return writer_->finish(); }

 private:
  std::vector<int> bits_;  // [variable]
  std::unique_ptr<MemberWriter> writer_;
};

// Branches become selections, so that a loop of it is vector code.
inline uint32_t round_bits(uint32_t value, uint32_t dropped) {
  const uint32_t kept = ~((uint32_t{1} << dropped) - 1);
  const uint32_t odd = (value >> dropped) & 1;
  const uint32_t sum =
      value + (uint32_t{1} << (dropped - 1)) - 1 + odd;  // a carry goes into the exponent, as it should
  const bool overflow = (sum & exponent_mask) == exponent_mask;
  const uint32_t rounded = (overflow ? value : sum) & kept;
  return (value & exponent_mask) == exponent_mask ? value : rounded;
}

}  // namespace

float round_mantissa(float value, int bits) {
  float rounded = 0.0F;
  round_mantissas(std::span(&value, 1), bits, std::span(&rounded, 1));
  return rounded;
}

void round_mantissas(std::span<const float> values, int bits, std::span<float> rounded) {
  assert(bits >= 1 && bits <= mantissa_bits && values.size() == rounded.size());
  if (bits == mantissa_bits) {
    std::ranges::copy(values, rounded.begin());
    return;
  }
  const auto dropped = static_cast<uint32_t>(mantissa_bits - bits);
  for (size_t k = 0; k < values.size(); ++k) {
    rounded[k] = std::bit_cast<float>(round_bits(std::bit_cast<uint32_t>(values[k]), dropped));
  }
}

nlohmann::ordered_json rounding_attributes(int bits) {
  auto attributes = nlohmann::ordered_json::object();
  if (bits == mantissa_bits) return attributes;
  attributes["quantization_nsb"] = bits;
  attributes["_QuantizeBitRoundNumberOfSignificantBits"] = bits;
  attributes["comment"] = fmt::format("mantissa rounded to {} bits, ties to even: relative error at most {:.3g}", bits,
                                      rounding_error(bits));
  return attributes;
}

std::unique_ptr<MemberWriter> with_rounding(const StoreLayout& layout, std::unique_ptr<MemberWriter> writer) {
  const auto rounds = [](int bits) { return bits < mantissa_bits; };
  if (std::ranges::none_of(layout.keep_bits, rounds)) return writer;
  return std::make_unique<RoundingWriter>(layout.keep_bits, std::move(writer));
}

}  // namespace hens
