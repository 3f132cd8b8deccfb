#include "engine/sfno/tile_jobs.h"

#include <algorithm>

namespace hens::engine {
namespace {

// Of the first `orders` orders, those of one parity.
int of_parity(int orders, int parity) { return parity == 0 ? (orders + 1) / 2 : orders / 2; }

int degrees_of(const Sizes& sizes, int m, int q) { return std::max(0, (sizes.lmax - m - q + 1) / 2); }

}  // namespace

std::vector<TileJob> fourier_analysis_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active,
                                           int columns) {
  std::vector<TileJob> jobs;
  for (int north = 0; north < grid.northern(); ++north) {
    for (const int parity : {0, 1}) {
      for_tiles_by_column<tile_rows / 2>(of_parity(active.orders(north), parity), sizes.width(), columns,
                                         [&](int row, int count, int col) {
                                           TileJob job = job_at(row + parity * sizes.even_orders(), count, col, north);
                                           for (const int part : {0, 1}) {
                                             for (const int side : {0, 1}) {
                                               const int s = 2 * part + side, sum = 2 * parity + part;
                                               set_origin(job.a[s], row, sum, 0);
                                               set_origin(job.b[s], 0, sum, side == 0 ? north : grid.nlat - 1 - north);
                                               job.k[s] = grid.quads();
                                             }
                                           }
                                           jobs.push_back(job);
                                         });
    }
  }
  return jobs;
}

std::vector<TileJob> legendre_analysis_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active,
                                            int columns) {
  std::vector<TileJob> jobs;
  for (int m = 0; m < sizes.orders; ++m) {
    for_tiles_by_column(degrees_of(sizes, m, 0), 2 * sizes.width(), columns, [&](int row, int count, int col) {
      TileJob job = job_at(row, count, col, m);
      job.first_k = active.first_row(m);
      for (const int q : {0, 1}) {
        set_origin(job.a[q], row, q, m);
        set_origin(job.b[q], 0, sizes.position(m), q);
        job.k[q] = grid.northern() - job.first_k;
      }
      jobs.push_back(job);
    });
  }
  return jobs;
}

std::vector<TileJob> convolution_jobs(const Sizes& sizes, int columns) {
  std::vector<TileJob> jobs;
  for (int l = sizes.lmax - 1; l >= 0; --l) {  // the longest first
    for_tiles_by_column(std::min(l + 1, sizes.orders), sizes.used_width(), columns, [&](int row, int count, int col) {
      TileJob job = job_at(row, count, col, l);
      set_origin(job.a[0], row, 0, l);
      set_origin(job.b[0], col, 0, l);
      job.k[0] = sizes.used_width();
      jobs.push_back(job);
    });
  }
  return jobs;
}

std::vector<TileJob> spectral_rows_jobs(const Sizes& sizes, int columns) {
  std::vector<TileJob> jobs;
  for (int l = 0; l < sizes.lmax; ++l) {
    const int first = 2 * l * sizes.orders;
    for_tiles(2 * std::min(l + 1, sizes.orders), sizes.used_width(), columns, Order::inwards,
              [&](int row, int count, int col) {
                TileJob job = job_at(first + row, count, col, 0);
                set_origin(job.a[0], first + row, 0, 0);
                set_origin(job.b[0], col, 0, 0);
                job.k[0] = sizes.used_width();
                jobs.push_back(job);
              });
  }
  return jobs;
}

int legendre_tiles(const Grid& grid) { return (grid.northern() + tile_rows - 1) / tile_rows; }

std::vector<TileJob> legendre_synthesis_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active,
                                             int columns) {
  std::vector<TileJob> jobs;
  for (int m = 0; m < sizes.orders; ++m) {
    const int first = active.first_row(m);
    for_tiles_by_column(grid.northern() - first, 2 * sizes.width(), columns, [&](int row, int count, int col) {
      TileJob job = job_at(first + row, count, col, sizes.position(m));
      for (const int q : {0, 1}) {
        set_origin(job.a[q], first + row, q, m);
        set_origin(job.b[q], (m + q) / 2, m, (m + q) % 2);
        job.k[q] = std::max(1, degrees_of(sizes, m, q));  // where there is no degree the operands are zero
      }
      job.statistics_row = sizes.position(m) * legendre_tiles(grid) + row / tile_rows;
      jobs.push_back(job);
    });
  }
  return jobs;
}

std::vector<TileJob> fourier_synthesis_jobs(const Sizes& sizes, const Grid& grid, const ActiveRows& active,
                                            int columns) {
  std::vector<TileJob> jobs;
  for (const int lat : in_order(grid.nlat, Order::inwards)) {
    const int orders = active.orders(std::min(lat, grid.nlat - 1 - lat));
    for_tiles_by_column<tile_rows / 2>(grid.quads(), sizes.width(), columns, [&](int row, int count, int col) {
      TileJob job = job_at(row, count, col, lat);
      for (int s = 0; s < 4; ++s) {
        const int parity = s / 2, part = s % 2;
        set_origin(job.a[s], row, s, 0);
        set_origin(job.b[s], parity * sizes.even_orders(), part, lat);
        job.k[s] = of_parity(orders, 0);  // an odd order less: there the table is zero
      }
      jobs.push_back(job);
    });
  }
  return jobs;
}

}  // namespace hens::engine
