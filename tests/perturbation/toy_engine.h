// A model that a page can describe: y[v] = 1.1 x[v] moved one column east + 0.05 x[(v + 1) mod channels], which is what
// bred the golden vectors; it can also count, and record what it was asked.
#pragma once

#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "model/engine.h"

namespace hens::test {

class ToyEngine : public Engine {
 public:
  ToyEngine(std::vector<std::string> channels, int nlat, int nlon)
      : channels_(std::move(channels)),
        grid_(equiangular_grid(nlat, nlon)),
        std_(at::arange(1, static_cast<int64_t>(channels_.size()) + 1).to(at::kFloat)) {}

  void start(const at::Tensor& state, Time valid_time, std::span<const MemberKey>) override {
    state_ = state.to(at::kFloat);
    valid_time_ = valid_time;
  }
  void step() override {
    steps.push_back(valid_time_);
    state_ = 1.1f * state_.roll(1, 3) + 0.05f * state_.roll(-1, 1);
    valid_time_ += model_step;
  }
  at::Tensor state() const override { return state_; }
  at::Tensor channels(const std::vector<int>& selected) const override {
    const std::vector<int64_t> index(selected.begin(), selected.end());
    return state_.index_select(1, at::tensor(index));
  }
  Time valid_time() const override { return valid_time_; }
  const LatLonGrid& grid() const override { return grid_; }
  const std::vector<std::string>& channel_names() const override { return channels_; }
  Duration time_step() const override { return model_step; }
  at::Tensor channel_std() const override { return std_; }  // 1, 2, 3, ...
  at::Device device() const override { return at::kCPU; }
  bool batch_invariant() const override { return true; }
  std::string name() const override { return "toy"; }

  std::vector<Time> steps;  // valid time of each step's input, in the order of the steps

 private:
  std::vector<std::string> channels_;
  LatLonGrid grid_;
  at::Tensor std_, state_;
  Time valid_time_{};
};

}  // namespace hens::test
