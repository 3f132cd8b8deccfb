// The tiles in plain loops on the host, with the roundings of the GPU backends: 16-bit operands, fp32 sums (in another
// order; and the GELU in fp32, where GPUs have it in 16 bits). For tests, at small sizes.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/gemm/plan_impl.h"
#include "engine/gemm/slots.cuh"

namespace hens::engine::host {

inline float value(const Operand& from, int64_t x0, int64_t x1, int64_t x2, int64_t x3) {
  if (x0 < 0 || x0 >= from.size[0] || x1 < 0 || x1 >= from.size[1]) return 0.0f;
  const __half* at = static_cast<const __half*>(from.data);
  return __half2float(at[x3 * from.stride[3] + x2 * from.stride[2] + x1 * from.stride[1] + x0]);
}

// sums[row][n] += sign * A[part_a] B[part_b], for the job's rows; these are `first_row` .. of the tile
template <typename Shape>
void add_products(std::vector<float>& sums, const Operand& a, const Operand& b, const TileJob& job, int s, int part_a,
                  int part_b, float sign, int first_row = 0) {
  constexpr int columns = Shape::narrow_columns;
  const int a2 = part_a >= 0 ? part_a : job.a[s][1], b2 = part_b >= 0 ? part_b : job.b[s][1];
  for (int k = job.first_k; k < job.first_k + job.k[s]; ++k) {
    float row_of_b[columns];
    for (int n = 0; n < columns; ++n) {
      row_of_b[n] = Shape::n_major ? value(b, job.col + n, job.b[s][0] + k, b2, job.b[s][2])
                                   : value(b, k, job.b[s][0] + n, b2, job.b[s][2]);
    }
    for (int row = 0; row < job.rows; ++row) {
      const float left = sign * value(a, k, job.a[s][0] + row, a2, job.a[s][2]);
      for (int n = 0; n < columns; ++n) sums[(first_row + row) * columns + n] += left * row_of_b[n];
    }
  }
}

template <typename Shape, typename E>
void finish(const TileJob& job, const E& epilogue, const std::vector<float>& d0, const std::vector<float>& d1) {
  constexpr int columns = Shape::narrow_columns;
  constexpr bool two = Shape::mode != TileMode::single;
  using Element = typename E::Element;
  using S = Slot<columns, Element, 128>;
  struct alignas(16) Plane {
    uint8_t bytes[S::bytes];
  };
  std::vector<Plane> planes(2);
  static_assert(sizeof(Plane) == S::bytes);  // one after the other
  uint8_t* slots[2] = {planes[0].bytes, planes[1].bytes};
  for (int row = 0; row < tile_rows; ++row) {
    for (int n = 0; n < columns; n += 2) {
      const int i = row * columns + n;
      float2 a{d0[i], d0[i + 1]}, b{d1[i], d1[i + 1]};
      if constexpr (two) epilogue.combine(job.col + n, a, b);
      const int offset = row * S::row_bytes + n * static_cast<int>(sizeof(Element));
      store_pair(slots[0] + offset, a, Element{});
      store_pair(slots[1] + offset, b, Element{});
    }
  }
  std::vector<Statistics> statistics(S::threads);
  for (int thread = 0; thread < S::threads; ++thread) {
    if constexpr (takes_four_rows<E>) {
      FourRowEpilogue<S, Shape::mode == TileMode::stacked, E>(epilogue, job, thread)
          .finish(slots[0], statistics[thread], tile_rows);
    } else {
      for (int plane = 0; plane < (two ? 2 : 1); ++plane) {
        RowEpilogue<S, E>(epilogue, job, plane, thread).finish(slots[plane], statistics[thread], tile_rows);
      }
    }
  }
  if constexpr (E::statistics) {
    float* slot = reinterpret_cast<float*>(slots[0]);
    for (int thread = 0; thread < S::threads; ++thread) store_statistics<S>(slot, thread, statistics[thread]);
    for (int thread = 0; thread < S::threads; ++thread) reduce_statistics<S>(epilogue, job, slot, thread);
  }
}

template <typename Shape, typename Layer>
void tile(const Operand* a, const Operand* b, const TileJob& job, const Layer& layer) {
  constexpr int sums = tile_rows * Shape::narrow_columns;
  std::vector<float> d0(sums, 0.0f), d1(sums, 0.0f);
  if (Shape::mode == TileMode::complex) {
    add_products<Shape>(d0, a[0], b[0], job, 0, 0, 0, 1);
    add_products<Shape>(d0, a[0], b[0], job, 0, 1, 1, -1);
    add_products<Shape>(d1, a[0], b[0], job, 0, 0, 1, 1);
    add_products<Shape>(d1, a[0], b[0], job, 0, 1, 0, 1);
  } else {
    for (int s = 0; s < max_segments; ++s) {
      const bool second = Shape::mode != TileMode::single && s % 2 == 1;
      add_products<Shape>(second ? d1 : d0, a[s], b[s], job, s, -1, -1, 1,
                          Shape::mode == TileMode::stacked ? s / 2 * (tile_rows / 2) : 0);
    }
  }
  finish<Shape>(job, layer, d0, d1);
}

template <typename Shape, typename E>
void launch(const GemmPlan::Impl& plan, const E& epilogue) {
  const TileJob* jobs = plan.jobs.as<const TileJob>();
  for (int t = 0; t < plan.job_count; ++t) {
    with_layer<Shape>(epilogue, jobs[t], [&](const auto& layer, auto shape) {
      tile<decltype(shape)>(plan.operands.a, plan.operands.b, jobs[t], layer);
    });
  }
}

}  // namespace hens::engine::host
