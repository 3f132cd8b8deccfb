// Vectors of eight neighbouring channels of a row, as epilogue threads hold them: in fp32, or in 16-bit floats as they
// lie in memory. Packing, sums, loads and stores of 16 bytes, on the GPU and on the host.
#pragma once

#include <cstdint>
#include <cstring>

#include <cuda_fp16.h>

#include "engine/device/host_device.h"

namespace hens::engine {

struct Float8 {
  float v[8];
};
struct alignas(16) Half8 {
  uint32_t v[4];
};

// Of four neighbouring rows.
struct Half8x4 {
  Half8 v[4];
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
HENS_HD float2 unpacked(uint32_t bits) {
  __half2 h;
  memcpy(static_cast<void*>(&h), &bits, sizeof h);
  return __half22float2(h);
}

HENS_HD Half8 packed(const Float8& a) {
  return {packed(float2{a.v[0], a.v[1]}), packed(float2{a.v[2], a.v[3]}), packed(float2{a.v[4], a.v[5]}),
          packed(float2{a.v[6], a.v[7]})};
}
HENS_HD Float8 unpacked(const Half8& h) {
  Float8 a;
  HENS_UNROLL
  for (int i = 0; i < 4; ++i) {
    const float2 pair = unpacked(h.v[i]);
    a.v[2 * i] = pair.x, a.v[2 * i + 1] = pair.y;
  }
  return a;
}

HENS_HD Half8 sum(const Half8& a, const Half8& b) {
  Half8 r;
  HENS_UNROLL
  for (int i = 0; i < 4; ++i) {
#ifdef __CUDA_ARCH__
    asm("add.rn.f16x2 %0, %1, %2;" : "=r"(r.v[i]) : "r"(a.v[i]), "r"(b.v[i]));
#else
    r.v[i] = packed(unpacked(a.v[i]) + unpacked(b.v[i]));
#endif
  }
  return r;
}

// Of arrays that no kernel writes while it reads them.
HENS_HD Float8 load_float8(const float* from) {
  Float8 a;
#ifdef __CUDA_ARCH__
  const float4 low = __ldg(reinterpret_cast<const float4*>(from)),
               high = __ldg(reinterpret_cast<const float4*>(from) + 1);
  a = {{low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w}};
#else
  memcpy(a.v, from, sizeof a.v);
#endif
  return a;
}
HENS_HD Half8 load_half8(const __half* from) {
  Half8 h;
#ifdef __CUDA_ARCH__
  const uint4 all = __ldg(reinterpret_cast<const uint4*>(from));
  h = {{all.x, all.y, all.z, all.w}};
#else
  memcpy(&h, from, sizeof h);
#endif
  return h;
}

HENS_HD void store(__half* to, const Half8& h) {
#ifdef __CUDA_ARCH__
  *reinterpret_cast<uint4*>(to) = make_uint4(h.v[0], h.v[1], h.v[2], h.v[3]);
#else
  memcpy(static_cast<void*>(to), &h, sizeof h);
#endif
}

// Four neighbouring rows.
HENS_HD Half8x4 load_rows(const __half* from, int64_t stride) {
  return {{load_half8(from), load_half8(from + stride), load_half8(from + 2 * stride), load_half8(from + 3 * stride)}};
}
HENS_HD void store_rows(__half* to, int64_t stride, const Float8 (&x)[4]) {
  HENS_UNROLL
  for (int i = 0; i < 4; ++i) store(to + i * stride, packed(x[i]));
}

}  // namespace hens::engine
