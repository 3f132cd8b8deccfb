// The tiles in plain loops on the host, with the roundings of the GPU backends: 16-bit operands, fp32 sums (in another
// order). For tests, at small sizes.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/kernels/epilogues.cuh"

namespace hens::engine::host {

inline float value(const Operand& from, int64_t x0, int64_t x1, int64_t x2, int64_t x3) {
  if (x0 < 0 || x0 >= from.size[0] || x1 < 0 || x1 >= from.size[1]) return 0.0f;
  const __half* at = static_cast<const __half*>(from.data);
  return __half2float(at[x3 * from.stride[3] + x2 * from.stride[2] + x1 * from.stride[1] + x0]);
}

// sums[row][n] += sign * A[part_a] B[part_b]
template <typename Shape>
void add_products(std::vector<float>& sums, const Operand& a, const Operand& b, const TileJob& job, int s, int part_a,
                  int part_b, float sign) {
  constexpr int columns = Shape::ampere_columns;
  const int a2 = part_a >= 0 ? part_a : job.a[s][1], b2 = part_b >= 0 ? part_b : job.b[s][1];
  for (int k = 0; k < job.k[s]; ++k) {
    float row_of_b[columns];
    for (int n = 0; n < columns; ++n) {
      row_of_b[n] = Shape::n_major ? value(b, job.col + n, job.b[s][0] + k, b2, job.b[s][2])
                                  : value(b, k, job.b[s][0] + n, b2, job.b[s][2]);
    }
    for (int row = 0; row < job.rows; ++row) {
      const float left = sign * value(a, k, job.a[s][0] + row, a2, job.a[s][2]);
      for (int n = 0; n < columns; ++n) sums[row * columns + n] += left * row_of_b[n];
    }
  }
}

template <typename Shape, typename Epilogue>
void finish(const TileJob& job, const Epilogue& epilogue, const std::vector<float>& d0, const std::vector<float>& d1) {
  constexpr int columns = Shape::ampere_columns;
  const auto pair = [](const std::vector<float>& d, int row, int n) {
    return n < columns ? make_float2(d[row * columns + n], d[row * columns + n + 1]) : make_float2(0, 0);
  };
  const int end = std::min(epilogue.columns, job.col + columns);
  for (int group = 0; group < columns; group += 8 * column_blocks) {
    for (int lane = 0; lane < 4; ++lane) {
      Sums sums{};
      for (int row = 0; row < job.rows; ++row) {
        float2 v0[column_blocks], v1[column_blocks];
        for (int i = 0; i < column_blocks; ++i) {
          v0[i] = pair(d0, row, group + 8 * i + 2 * lane), v1[i] = pair(d1, row, group + 8 * i + 2 * lane);
        }
        epilogue(job, row, job.col + group + 2 * lane, end, v0, v1, sums);
      }
      if constexpr (Epilogue::statistics) {
        for (int i = 0; i < column_blocks; ++i) {
          const int column = job.col + group + 8 * i + 2 * lane;
          if (column >= epilogue.columns) continue;
          float* at = epilogue.partial + (static_cast<int64_t>(job.statistics) * epilogue.columns + column) * 2;
          at[0] = sums.value[i].x, at[1] = sums.square[i].x, at[2] = sums.value[i].y, at[3] = sums.square[i].y;
        }
      }
    }
  }
}

template <typename Shape, typename Epilogue>
void gemm(const Operand* a, const Operand* b, const TileJob* jobs, int job_count, const Epilogue& epilogue) {
  constexpr int sums = tile_rows * Shape::ampere_columns;
  for (int t = 0; t < job_count; ++t) {
    const TileJob& job = jobs[t];
    std::vector<float> d0(sums, 0.0f), d1(sums, 0.0f);
    if (Shape::mode == TileMode::complex) {
      add_products<Shape>(d0, a[0], b[0], job, 0, 0, 0, 1);
      add_products<Shape>(d0, a[0], b[0], job, 0, 1, 1, -1);
      add_products<Shape>(d1, a[0], b[0], job, 0, 0, 1, 1);
      add_products<Shape>(d1, a[0], b[0], job, 0, 1, 0, 1);
    } else {
      for (int s = 0; s < max_segments; ++s) {
        add_products<Shape>(Shape::mode == TileMode::dual && s == 1 ? d1 : d0, a[s], b[s], job, s, -1, -1, 1);
      }
    }
    finish<Shape>(job, epilogue, d0, d1);
  }
}

}  // namespace hens::engine::host
