// What adding one field of 721 x 1440 points to the sums of a pair costs, on the host and on the GPU (where there is
// one), and what of the memory's rate that is.
//
//   statistics_bench [MEMBERS]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include "statistics/accumulator.h"

namespace {

using namespace hens;

constexpr size_t points = 721 * 1440;
constexpr int pairs = 12;

struct Case {
  const char* name;
  PairPlan plan;
};

std::vector<Case> cases() {
  PairPlan moments{.fixed = {250.0, 32'768.0}, .moments = true};
  PairPlan extremes = moments;
  extremes.extremes = true;
  PairPlan thresholds = extremes;
  for (const float t : {270.0f, 275.0f, 280.0f, 285.0f, 290.0f}) thresholds.thresholds.push_back({t});
  PairPlan all = thresholds;
  all.histogram = Lattice{0.5};
  return {
      {"moments", moments}, {"and extremes", extremes}, {"and five thresholds", thresholds}, {"and a histogram", all}};
}

// Smooth in space, as forecasts are: neighbours fall into the same bins.
std::vector<float> field(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, 2.0f);
  std::vector<float> coarse(points / 64 + 2);
  for (float& x : coarse) x = normal(random);
  std::vector<float> values(points);
  for (size_t p = 0; p < points; ++p) {
    const float part = static_cast<float>(p % 64) / 64.0f;
    values[p] = 280.0f + coarse[p / 64] * (1.0f - part) + coarse[p / 64 + 1] * part;
  }
  return values;
}

// Milliseconds a field.
double measure(Accumulator& sums, const std::vector<const float*>& fields, int members) {
  for (int pair = 0; pair < pairs; ++pair) sums.add(pair, fields[0], {.member = 0});
  sums.refused(1);
  const auto start = std::chrono::steady_clock::now();
  for (int member = 1; member <= members; ++member) {
    for (int pair = 0; pair < pairs; ++pair) {
      sums.add(pair, fields[static_cast<size_t>(member) % fields.size()], {.member = member});
    }
  }
  sums.refused(1);  // waits
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  return time.count() / (members * pairs);
}

void report(const char* where, const char* name, double ms, const PairPlan& plan) {
  // Read and written once each, and of a histogram the sector that a count lies in.
  const int bytes = 4 + 2 * bytes_a_point({plan.fixed, plan.moments, plan.extremes, plan.thresholds}) +
                    (plan.histogram ? 4 + 2 * 32 : 0);
  fmt::print("{:5} {:20} {:8.3f} ms a field, {:4} B a point, {:7.1f} GB/s\n", where, name, ms, bytes,
             bytes * static_cast<double>(points) / ms / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const int members = argc > 1 ? std::atoi(argv[1]) : 20;
  std::vector<std::vector<float>> host;
  for (unsigned k = 0; k < 4; ++k) host.push_back(field(k));
  std::vector<const float*> on_host, on_gpu;
  for (const auto& values : host) on_host.push_back(values.data());
  const bool gpu = cuda_accumulator_works();
  for (const auto& values : host) {
    void* memory = nullptr;
    if (!gpu || cudaMalloc(&memory, points * sizeof(float)) != cudaSuccess) break;
    cudaMemcpy(memory, values.data(), points * sizeof(float), cudaMemcpyHostToDevice);
    on_gpu.push_back(static_cast<const float*>(memory));
  }
  for (const Case& one : cases()) {
    const std::vector<PairPlan> plan(pairs, one.plan);
    if (!on_gpu.empty())
      report("GPU", one.name, measure(*make_cuda_accumulator(plan, points), on_gpu, members), one.plan);
    report("host", one.name, measure(*make_host_accumulator(plan, points), on_host, gpu ? 2 : 1), one.plan);
  }
}
