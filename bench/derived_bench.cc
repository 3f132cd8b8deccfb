// What derived variables of one member cost at 721 x 1440 points, each as a sink has it made: its inputs read of a
// state that lies as [member, channel, lat, lon], its formula, the result on the device.
//
//   derived_bench [cpu|cuda] [REPEATS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "diagnostics/derived_field.h"
#include "model/device.h"
#include "source/analytic.h"

namespace {

using namespace hens;

// The analytic atmosphere, whose temperatures and humidities are likely ones.
class BenchState final : public StateView {
 public:
  explicit BenchState(at::Device device) : grid_(equiangular_grid(721, 1440)) {
    const State state = analytic_state(parse_time("2024-01-01T00"), hens_channels(), grid_);
    state_ = at::tensor(state.values).view({1, 74, 721, 1440}).to(device);
    ground_ = at::zeros({721, 1440}, state_.options());
  }
  at::Tensor state() const override { return state_; }
  at::Tensor channels(const std::vector<int>& selected) const override {
    std::vector<at::Tensor> fields;
    for (const int channel : selected) fields.push_back(state_.select(1, channel));
    return at::stack(fields, 1);
  }
  at::Tensor surface_geopotential() const override { return ground_; }
  Time valid_time() const override { return {}; }
  const LatLonGrid& grid() const override { return grid_; }
  const std::vector<std::string>& channel_names() const override { return hens_channels(); }
  at::Device device() const override { return state_.device(); }

 private:
  LatLonGrid grid_;
  at::Tensor state_, ground_;
};

// Milliseconds: the median of the repeats.
double measure(const DerivedField& field, const StateView& state, int repeats) {
  std::vector<double> times;
  for (int k = 0; k <= repeats; ++k) {
    synchronize(state.device());
    const auto start = std::chrono::steady_clock::now();
    field.of(state);
    synchronize(state.device());
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  times.erase(times.begin());  // warms up
  std::ranges::nth_element(times, times.begin() + repeats / 2);
  return times[static_cast<size_t>(repeats / 2)];
}

}  // namespace

int main(int argc, char** argv) {
  const at::Device device = open_device(argc > 1 ? argv[1] : "cpu");
  const int repeats = argc > 2 ? std::max(1, std::atoi(argv[2])) : 5;
  const BenchState state(device);
  fmt::print("{}, {} threads; milliseconds a member of 721 x 1440 points\n", device.str(), at::get_num_threads());
  for (const std::string& name : derived_examples()) {
    const DerivedField field(name, hens_channels());
    fmt::print("{:20} {:9.3f}\n", name, measure(field, state, repeats));
    std::fflush(stdout);
  }
}
