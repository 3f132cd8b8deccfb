#include "engine/sfno/network.h"

#include <cassert>

#include <c10/util/Half.h>

#include "engine/sfno/forward.h"

namespace hens::engine {
namespace {

// The static part of the network's input, [row][high, low halves][input channel]; zeros elsewhere.
std::vector<uint16_t> static_input(const Sizes& sizes, const std::vector<float>& features) {
  const Grid& grid = sizes.outer;
  const int64_t count = sizes.forcing - (sizes.sun ? 1 : 0), in = sizes.input_width();
  const int64_t first = sizes.state_width() + (sizes.sun ? 1 : 0);
  assert(static_cast<int64_t>(features.size()) == grid.points() * count);
  std::vector<uint16_t> rows(static_cast<size_t>(grid.rows() * 2 * in), 0);
  const int of_latitude = 4 * grid.quads();
  for (int64_t row = 0; row < grid.rows(); ++row) {
    const int in_latitude = static_cast<int>(row % of_latitude);
    const int lon = longitude_of(in_latitude / 4, in_latitude % 4, grid.half());
    const int64_t point = row / of_latitude * grid.nlon + lon;
    for (int64_t f = 0; f < count; ++f) {
      const float value = features[static_cast<size_t>(point * count + f)];
      const c10::Half high(value);
      uint16_t* to = rows.data() + row * 2 * in + first + f;
      to[0] = high.x;
      to[in] = c10::Half(value - static_cast<float>(high)).x;
    }
  }
  return rows;
}

}  // namespace

struct FastNetwork::Impl {
  const Backend& backend;
  const Sizes sizes;
  Forward forward;
  Buffer sun;                       // [constant by latitude, amplitude by latitude, cosine by longitude] fp32
  const float* input_of = nullptr;  // the state that the network's input holds
};

FastNetwork::FastNetwork(const Backend& backend, const Sizes& sizes, DeviceWeights weights,
                         const std::vector<float>& static_features)
    : impl_(new Impl{.backend = backend, .sizes = sizes, .forward{backend, sizes, std::move(weights)}}) {
  impl_->sun = Buffer(backend, sizeof(float) * static_cast<size_t>(2 * sizes.outer.nlat + sizes.outer.nlon));
  const std::vector<uint16_t> rows = static_input(sizes, static_features);
  upload(backend, impl_->forward.input().values, rows.data(), rows.size() * sizeof(uint16_t));
}

FastNetwork::~FastNetwork() = default;

size_t FastNetwork::state_floats() const {
  return static_cast<size_t>(impl_->sizes.outer.rows() * impl_->sizes.state_width());
}

StateRows FastNetwork::state_rows(float* values) const { return impl_->forward.state_rows(values); }

Scaling FastNetwork::scaling() const {
  const DeviceWeights& weights = impl_->forward.weights();
  return {weights.at<float>("mean"), weights.at<float>("std")};
}

void FastNetwork::set_sun(const SunOnGrid& sun) {
  Impl& n = *impl_;
  if (!n.sizes.sun) return;
  const Grid& grid = n.sizes.outer;
  std::vector<float> all = sun.constant;
  all.insert(all.end(), sun.amplitude.begin(), sun.amplitude.end());
  all.insert(all.end(), sun.cosine.begin(), sun.cosine.end());
  assert(static_cast<int>(all.size()) == 2 * grid.nlat + grid.nlon);
  float* tables = n.sun.as<float>();
  upload(n.backend, tables, all.data(), all.size() * sizeof(float));
  engine::set_sun(n.backend, n.forward.input(), n.sizes.state_width(),
                  {tables, tables + grid.nlat, tables + 2 * grid.nlat, grid.nlat, grid.nlon});
}

void FastNetwork::step(float* state, std::shared_ptr<Backend::Graph>& graph) {
  Impl& n = *impl_;
  if (n.input_of != state) set_input(n.backend, n.forward.input(), state_rows(state));
  if (!graph) graph = n.backend.record([&n, state] { n.forward.run(state); });
  const NamedRange range("six hours of a member");
  n.backend.launch(*graph);
  n.input_of = state;
}

void FastNetwork::step_observed(float* state, const PhaseObserver& observer) {
  Impl& n = *impl_;
  set_input(n.backend, n.forward.input(), state_rows(state));
  n.forward.observe(observer);
  n.forward.run(state);
  n.forward.observe({});
  n.input_of = state;
}

std::map<std::string, PhaseWork> FastNetwork::work() const { return impl_->forward.work(); }

void FastNetwork::forget_input() { impl_->input_of = nullptr; }

}  // namespace hens::engine
