// What epilogues do to channels that no product does: the GELU, and folding (quads.h).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include <cuda_fp16.h>

#include "engine/gemm/vectors.cuh"

namespace hens::engine {

// x Phi(x) with Phi(x) = (1 + tanh(x (a + b x^2 + c x^4))) / 2, the coefficients fitted to the error function: at most
// 2.6e-5 off the exact GELU, an eighteenth of what the usual tanh form costs. The argument is cut where tanh is 1.
struct GeluForm {
  static constexpr float a = 0.79750788f, b = 0.037005648f, c = -0.000351517f, most = 36.0f;
};
HENS_HD float gelu(float x) {
  const float s = fminf(x * x, GeluForm::most);
  const float half = 0.5f * x;
  return half + half * std::tanh(x * (GeluForm::a + s * (GeluForm::b + GeluForm::c * s)));
}
HENS_HD float2 gelu(float2 v) { return {gelu(v.x), gelu(v.y)}; }

// Two at a time in 16 bits, on the GPU: an epilogue beside running products competes with them for registers, so
// instructions count. The roundings together are about twice that of the result.
HENS_HD uint32_t gelu_half2(uint32_t bits) {
#ifdef __CUDA_ARCH__
  __half2 x;
  memcpy(static_cast<void*>(&x), &bits, sizeof x);
  const __half2 s = __hmin2(__hmul2(x, x), __float2half2_rn(GeluForm::most));
  const __half2 factor = __hfma2(s, __hfma2(s, __float2half2_rn(GeluForm::c), __float2half2_rn(GeluForm::b)),
                                 __float2half2_rn(GeluForm::a));
  const __half2 argument = __hmul2(x, factor), half = __hmul2(x, __float2half2_rn(0.5f));
  uint32_t x16, t;
  memcpy(&x16, &argument, sizeof x16);
  asm("tanh.approx.f16x2 %0, %1;" : "=r"(t) : "r"(x16));
  __half2 tanh_of;
  memcpy(static_cast<void*>(&tanh_of), &t, sizeof t);
  const __half2 result = __hfma2(half, tanh_of, half);
  memcpy(&bits, &result, sizeof bits);
  return bits;
#else
  return packed(gelu(unpacked(bits)));
#endif
}
HENS_HD Half8 gelu(const Half8& h) {
  return {gelu_half2(h.v[0]), gelu_half2(h.v[1]), gelu_half2(h.v[2]), gelu_half2(h.v[3])};
}

// Folds a quad (quads.h): x0 .. x3 -> c0 .. c3, each of eight channels, in place; its own inverse but for a factor
// of 4.
HENS_HD void fold(Float8 (&x)[4]) {
  HENS_UNROLL
  for (int i = 0; i < 8; ++i) {
    const float a = x[0].v[i] + x[1].v[i], b = x[2].v[i] + x[3].v[i], c = x[0].v[i] - x[1].v[i],
                d = x[2].v[i] - x[3].v[i];
    x[0].v[i] = a + b, x[1].v[i] = a - b, x[2].v[i] = c + d, x[3].v[i] = c - d;
  }
}

}  // namespace hens::engine
