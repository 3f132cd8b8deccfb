// Eight neighbouring channels of a row, as those who finish a tile hold them: in fp32, or in halves as they lie in
// memory. Packing, the GELU, loads and stores, folding (quads.h).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include <cuda_fp16.h>

#include "engine/device/host_device.h"

namespace hens::engine {

// Eight neighbouring channels of one row.
struct Eight {
  float v[8];
};
struct alignas(16) EightHalves {
  uint32_t v[4];
};

// Of the four points of a quad, or of what they fold to.
struct FourRows {
  EightHalves v[4];
};

HENS_HD float2 operator+(float2 a, float2 b) { return {a.x + b.x, a.y + b.y}; }
HENS_HD float2 operator-(float2 a, float2 b) { return {a.x - b.x, a.y - b.y}; }
HENS_HD float2 operator*(float s, float2 a) { return {s * a.x, s * a.y}; }

HENS_HD uint32_t packed(float2 v) {
  const __half2 h = __floats2half2_rn(v.x, v.y);
  uint32_t bits;
  memcpy(&bits, &h, sizeof bits);
  return bits;
}
HENS_HD float2 pair_of_halves(uint32_t bits) {
  __half2 h;
  memcpy(static_cast<void*>(&h), &bits, sizeof h);
  return __half22float2(h);
}

HENS_HD EightHalves packed(const Eight& a) {
  return {packed(float2{a.v[0], a.v[1]}), packed(float2{a.v[2], a.v[3]}), packed(float2{a.v[4], a.v[5]}),
          packed(float2{a.v[6], a.v[7]})};
}
HENS_HD Eight unpacked(const EightHalves& h) {
  Eight a;
  HENS_UNROLL
  for (int i = 0; i < 4; ++i) {
    const float2 pair = pair_of_halves(h.v[i]);
    a.v[2 * i] = pair.x, a.v[2 * i + 1] = pair.y;
  }
  return a;
}

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

// Two at a time in 16 bits, on the GPU: what is finished beside running products competes with them for registers, so
// instructions count. The roundings together are about twice that of the result.
HENS_HD uint32_t gelu_of_halves(uint32_t bits) {
#ifdef __CUDA_ARCH__
  __half2 x;
  memcpy(static_cast<void*>(&x), &bits, sizeof x);
  const __half2 s = __hmin2(__hmul2(x, x), __float2half2_rn(GeluForm::most));
  const __half2 factor = __hfma2(s, __hfma2(s, __float2half2_rn(GeluForm::c), __float2half2_rn(GeluForm::b)),
                                 __float2half2_rn(GeluForm::a));
  const __half2 argument = __hmul2(x, factor), half = __hmul2(x, __float2half2_rn(0.5f));
  uint32_t at, t;
  memcpy(&at, &argument, sizeof at);
  asm("tanh.approx.f16x2 %0, %1;" : "=r"(t) : "r"(at));
  __half2 tanh_of;
  memcpy(static_cast<void*>(&tanh_of), &t, sizeof t);
  const __half2 result = __hfma2(half, tanh_of, half);
  memcpy(&bits, &result, sizeof bits);
  return bits;
#else
  return packed(gelu(pair_of_halves(bits)));
#endif
}
HENS_HD EightHalves gelu(const EightHalves& h) {
  return {gelu_of_halves(h.v[0]), gelu_of_halves(h.v[1]), gelu_of_halves(h.v[2]), gelu_of_halves(h.v[3])};
}

HENS_HD EightHalves sum(const EightHalves& a, const EightHalves& b) {
  EightHalves r;
  HENS_UNROLL
  for (int i = 0; i < 4; ++i) {
#ifdef __CUDA_ARCH__
    asm("add.rn.f16x2 %0, %1, %2;" : "=r"(r.v[i]) : "r"(a.v[i]), "r"(b.v[i]));
#else
    r.v[i] = packed(pair_of_halves(a.v[i]) + pair_of_halves(b.v[i]));
#endif
  }
  return r;
}

// Of arrays that no kernel writes while it reads them.
HENS_HD Eight eight_floats(const float* at) {
  Eight a;
#ifdef __CUDA_ARCH__
  const float4 low = __ldg(reinterpret_cast<const float4*>(at)), high = __ldg(reinterpret_cast<const float4*>(at) + 1);
  a = {{low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w}};
#else
  memcpy(a.v, at, sizeof a.v);
#endif
  return a;
}
HENS_HD EightHalves eight_halves(const __half* at) {
  EightHalves h;
#ifdef __CUDA_ARCH__
  const uint4 all = __ldg(reinterpret_cast<const uint4*>(at));
  h = {{all.x, all.y, all.z, all.w}};
#else
  memcpy(&h, at, sizeof h);
#endif
  return h;
}

HENS_HD void store(__half* at, const EightHalves& h) {
#ifdef __CUDA_ARCH__
  *reinterpret_cast<uint4*>(at) = make_uint4(h.v[0], h.v[1], h.v[2], h.v[3]);
#else
  memcpy(static_cast<void*>(at), &h, sizeof h);
#endif
}

// ---- folding (quads.h) ----

// x0 .. x3 -> c0 .. c3; its own inverse but for a factor of 4. In place, each of eight channels.
HENS_HD void fold(Eight (&x)[4]) {
  HENS_UNROLL
  for (int i = 0; i < 8; ++i) {
    const float a = x[0].v[i] + x[1].v[i], b = x[2].v[i] + x[3].v[i], c = x[0].v[i] - x[1].v[i],
                d = x[2].v[i] - x[3].v[i];
    x[0].v[i] = a + b, x[1].v[i] = a - b, x[2].v[i] = c + d, x[3].v[i] = c - d;
  }
}

// Four neighbouring rows.
HENS_HD FourRows four_rows(const __half* at, int64_t stride) {
  return {{eight_halves(at), eight_halves(at + stride), eight_halves(at + 2 * stride), eight_halves(at + 3 * stride)}};
}
HENS_HD void store_rows(__half* at, int64_t stride, const Eight (&x)[4]) {
  HENS_UNROLL
  for (int i = 0; i < 4; ++i) store(at + i * stride, packed(x[i]));
}

}  // namespace hens::engine
