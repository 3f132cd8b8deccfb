// The network's transform against the exact one.
#include "sht/channels_last.h"

#include <gtest/gtest.h>

#include "sht/golden.h"

namespace hens::sht {
namespace {

using test::tensors_near;

class ChannelsLast : public testing::TestWithParam<ShtSize> {};

// Float32 tables and sums: a few ulps of values near 1, grown by the square root of the number of terms.
TEST_P(ChannelsLast, AnalysisIsTheExactOne) {
  const ShtSize& size = GetParam();
  at::manual_seed(1);
  const at::Tensor field = at::randn({size.nlat, size.nlon, 3});
  const Spectrum s = ChannelsLastSht(size, at::kCPU)(field);
  const at::Tensor exact = RealSht(size, at::kDouble, at::kCPU)(field.permute({2, 0, 1})).permute({1, 2, 0});
  const at::Tensor orders = exact.index_select(1, at::tensor(orders_of(size), at::kLong));
  EXPECT_TRUE(tensors_near(s.re, at::real(orders), 2e-6));
  EXPECT_TRUE(tensors_near(s.im, at::imag(orders), 2e-6));
  EXPECT_EQ(at::abs(exact.slice(1, s.re.size(1))).sum().item<double>(), 0.0) << "orders left out are zero";
}

TEST_P(ChannelsLast, SynthesisIsTheExactOne) {
  const ShtSize& size = GetParam();
  at::manual_seed(2);
  const at::Tensor c = at::randn({3, size.lmax, size.mmax}, at::kComplexFloat);  // junk where it must be ignored
  const at::Tensor orders = c.permute({1, 2, 0}).index_select(1, at::tensor(orders_of(size), at::kLong));
  const at::Tensor field =
      ChannelsLastInverseSht(size, at::kCPU)({at::real(orders).contiguous(), at::imag(orders).contiguous()});
  const at::Tensor exact = InverseRealSht(size, at::kDouble, at::kCPU)(c).permute({1, 2, 0});
  EXPECT_TRUE(tensors_near(field, exact, 1e-4));  // fields reach 50
}

INSTANTIATE_TEST_SUITE_P(Grids, ChannelsLast,
                         testing::Values(ShtSize{GridKind::equiangular, 73, 144, 36, 37},
                                         ShtSize{GridKind::legendre_gauss, 36, 72, 36, 37},
                                         ShtSize{GridKind::legendre_gauss, 20, 20, 20, 11},  // the Nyquist order counts
                                         ShtSize{GridKind::legendre_gauss, 7, 15, 7, 7}));

}  // namespace
}  // namespace hens::sht
