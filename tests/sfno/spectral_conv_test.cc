#include "sfno/spectral_conv.h"

#include <gtest/gtest.h>

#include "sfno/tensors.h"

namespace hens {
namespace {

TEST(SpectralConv, MixesChannelsAtEachDegreeWithComplexMatrices) {
  at::manual_seed(3);
  const int64_t inputs = 3, outputs = 4, degrees = 5, orders = 6;
  const at::Tensor weight = at::randn({inputs, outputs, degrees}, at::kComplexFloat);
  const at::Tensor c = at::randn({degrees, orders, inputs}, at::kComplexFloat);
  const TensorView view{
      ElementType::complex64, {inputs, outputs, degrees}, reinterpret_cast<const std::byte*>(weight.data_ptr())};
  const SpectralConv conv(view, at::kCPU);
  const sht::Spectrum result = conv({at::real(c).contiguous(), at::imag(c).contiguous()});
  const at::Tensor expected = at::einsum("lmi,iol->lmo", {c, weight});
  EXPECT_TRUE(test::tensors_near(result.re, at::real(expected), 1e-5));
  EXPECT_TRUE(test::tensors_near(result.im, at::imag(expected), 1e-5));
}

// The older stream format packs tensors without padding.
TEST(SpectralConv, TakesUnalignedWeights) {
  at::manual_seed(4);
  const at::Tensor weight = at::randn({2, 2, 3}, at::kComplexFloat);
  std::vector<std::byte> packed(12 * 8 + 1);
  std::memcpy(packed.data() + 1, weight.data_ptr(), 12 * 8);
  const at::Tensor re = at::randn({3, 3, 2}), im = at::randn({3, 3, 2});
  const auto run = [&](const std::byte* data) {
    return SpectralConv({ElementType::complex64, {2, 2, 3}, data}, at::kCPU)({re, im});
  };
  const auto aligned = run(reinterpret_cast<const std::byte*>(weight.data_ptr())), unaligned = run(packed.data() + 1);
  EXPECT_TRUE(at::equal(aligned.re, unaligned.re) && at::equal(aligned.im, unaligned.im));
}

}  // namespace
}  // namespace hens
