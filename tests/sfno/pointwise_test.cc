#include "sfno/pointwise.h"

#include <cmath>

#include <gtest/gtest.h>

#include "sfno/tensors.h"

namespace hens {
namespace {

using test::tensors_near;

Norm plain_norm(int64_t channels) { return {at::ones({channels}), at::zeros({channels})}; }

TEST(InstanceNorm, GivesZeroMeanAndUnitVariance) {
  at::manual_seed(1);
  const at::Tensor field = at::randn({6, 10, 3}) * at::tensor({1.0f, 5.0f, 0.2f}) + 7;
  at::Tensor x = field.clone();
  instance_norm_(x, {at::tensor({2.0f, 1.0f, 1.0f}), at::tensor({0.5f, 0.0f, 0.0f})});
  const at::Tensor d = field.to(at::kDouble).flatten(0, 1);
  at::Tensor expected = (d - d.mean(0)) / at::sqrt(d.var(0, false) + 1e-6);
  expected.select(1, 0).mul_(2.0).add_(0.5);
  EXPECT_TRUE(tensors_near(x.flatten(0, 1), expected, 5e-6));  // an ulp of 7 is 2.4e-6 deviations of the third channel
}

// A wave of amplitude 1e-3 has variance 5e-7: an epsilon of 1e-5 would leave 0.3 of what is right.
TEST(InstanceNorm, HasEpsilonOneInAMillion) {
  const at::Tensor wave = at::sin(at::arange(64, at::kDouble) * (2 * M_PI / 64)) * 1e-3;
  at::Tensor x = (wave.to(at::kFloat) + 0.25f).view({4, 16, 1});
  const at::Tensor field = x.to(at::kDouble).flatten();
  instance_norm_(x, plain_norm(1));
  const at::Tensor expected = (field - field.mean()) / std::sqrt(field.var(false).item<double>() + 1e-6);
  EXPECT_TRUE(tensors_near(x.flatten(), expected, 1e-4));  // an ulp of 0.25 is 3e-8, of the wave's deviation 3e-5
}

TEST(InstanceNorm, OfAConstantIsTheBias) {
  at::Tensor x = at::full({8, 8, 1}, 1e5);
  instance_norm_(x, {at::ones({1}), at::full({1}, 0.125)});
  EXPECT_TRUE(tensors_near(x.flatten(), at::full({64}, 0.125), 0.0));
}

TEST(TwoLayer, HasTheExactGelu) {
  const Linear identity{at::eye(1), {}};
  const at::Tensor x = at::linspace(-4, 4, 81).view({9, 9, 1});
  const at::Tensor d = x.to(at::kDouble), expected = d * 0.5 * (1 + at::erf(d / std::sqrt(2.0)));
  EXPECT_TRUE(tensors_near(two_layer(x, {identity, identity}), expected, 1e-6));  // the tanh form is 4e-4 off
}

TEST(AddProduct, TakesASliceOfChannels) {
  at::manual_seed(2);
  const at::Tensor x = at::randn({3, 4, 5}), weight = at::randn({2, 3});
  at::Tensor out = at::ones({3, 4, 2});
  add_product_(out, x.slice(2, 0, 3), weight);
  EXPECT_TRUE(tensors_near(out, 1 + at::matmul(x.slice(2, 0, 3), weight.t()), 1e-6));
}

}  // namespace
}  // namespace hens
