#include "engine/sfno/fast_engine.h"

#include <algorithm>
#include <cassert>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "engine/device/copies.h"
#include "engine/sfno/sizes.h"
#include "model/zenith.h"
#include "sfno/forcing.h"

namespace hens {
namespace {

using engine::Backend;
using engine::Buffer;

engine::Kernels kernels_of(at::Device device, const FastOptions& options) {
  if (options.kernels) return *options.kernels;
  return device.is_cuda() ? engine::best_kernels(device.index()) : engine::Kernels::host;
}

std::string engine_name(const engine::KernelSet& kernels) {
  return kernels.on_gpu() ? fmt::format("fast fp16, {} kernels", kernels.name) : "fast fp16, on the host";
}

template <typename Real>
engine::SunOnGrid sun_on_grid(Time time, const LatLonGrid& grid) {
  const ZenithFactors<Real> factors = zenith_factors(sun<Real>(time), grid);
  const auto floats = [](const std::vector<Real>& values) { return std::vector<float>(values.begin(), values.end()); };
  return {floats(factors.constant), floats(factors.amplitude), floats(factors.hour_cosine)};
}

std::vector<float> static_rows(const ModelPackage& package) {
  const at::Tensor features = static_features(package).contiguous();  // [lat, lon, feature]
  const float* values = features.const_data_ptr<float>();
  return {values, values + features.numel()};
}

// Tensors come and go without a wait: LibTorch works on the device's default stream, and the backend's is one that the
// default stream is ordered with (cudaStreamDefault: each waits for what was launched on the other before).
class Fast final : public FastEngine {
 public:
  Fast(const ModelPackage& package, at::Device device, const FastOptions& options)
      : device_(device),
        sun_(options.sun),
        grid_(package.grid),
        time_step_(package.config.time_step),
        channel_names_(package.config.channels),
        std_(at::tensor(package.std, at::kFloat)),
        surface_geopotential_(hens::surface_geopotential(package, device)),
        sizes_(engine::sizes_of(package.config)),
        backend_(kernels_of(device, options), device.is_cuda() ? device.index() : 0) {
    const at::NoGradGuard no_gradients;
    engine::LoadedWeights loaded =
        engine::load_weights(backend_, package, sizes_, device, options.weight_folder, options.package_digest);
    weight_source_ = loaded.source;
    network_.emplace(backend_, sizes_, std::move(loaded.weights), static_rows(package));
    selected_ = Buffer(backend_, channel_names_.size() * sizeof(int));
  }

  void start(const at::Tensor& state, Time valid_time, std::span<const MemberKey>) override {
    assert(state.dim() == 4 && state.size(1) == static_cast<int64_t>(channel_names_.size()));
    const at::NoGradGuard no_gradients;
    // Buffers stay, and with them the graphs that step in them.
    while (states_.size() < static_cast<size_t>(state.size(0))) {
      states_.push_back({Buffer(backend_, network_->state_floats() * sizeof(float)), nullptr});
    }
    members_ = static_cast<size_t>(state.size(0));
    // Some channels at a time: a whole state in physical units beside the network's memory would be much.
    constexpr int together = 8;
    for (size_t m = 0; m < members_; ++m) {
      engine::clear(backend_, states_[m].values);  // the padding, too: a member that died has left NaN there
      const at::Tensor member = state.select(0, static_cast<int64_t>(m));
      for (int first = 0; first < sizes_.channels; first += together) {
        const int count = std::min(together, sizes_.channels - first);
        const at::Tensor physical = member.narrow(0, first, count).to(device_, at::kFloat).contiguous();
        engine::normalise(backend_, rows_of(states_[m]), physical.const_data_ptr<float>(), {first, count},
                          network_->scaling());
      }
    }
    network_->forget_input();
    valid_time_ = valid_time;
  }

  void step() override {
    set_sun();
    for (size_t m = 0; m < members_; ++m) network_->step(states_[m].values.as<float>(), states_[m].graph);
    valid_time_ += time_step_;
  }

  void step_observed(const engine::PhaseObserver& observer) override {
    set_sun();
    network_->step_observed(states_.at(0).values.as<float>(), observer);
    valid_time_ += time_step_;
  }

  at::Tensor state() const override {
    std::vector<int> all(channel_names_.size());
    for (size_t c = 0; c < all.size(); ++c) all[c] = static_cast<int>(c);
    return channels(all);
  }

  at::Tensor channels(const std::vector<int>& selected) const override {
    const at::NoGradGuard no_gradients;
    const auto members = static_cast<int64_t>(members_), count = static_cast<int64_t>(selected.size());
    const at::Tensor fields =
        at::empty({members, count, grid_.nlat(), grid_.nlon()}, at::device(device_).dtype(at::kFloat));
    write_channels(selected, fields.mutable_data_ptr<float>());
    return fields;
  }

  std::function<at::Tensor()> fetch(const std::vector<int>& selected) const override {
    const auto members = static_cast<int64_t>(members_), count = static_cast<int64_t>(selected.size());
    const std::vector<int64_t> shape{members, count, grid_.nlat(), grid_.nlon()};
    const std::shared_ptr<engine::AsyncDownload> copy = free_download(members * count * grid_.points() * sizeof(float));
    write_channels(selected, static_cast<float*>(copy->device()));
    return started(copy, shape);
  }

  std::function<at::Tensor()> bring(const at::Tensor& fields) const override {
    const at::Tensor values = fields.contiguous();
    const std::shared_ptr<engine::AsyncDownload> copy = free_download(values.nbytes());
    engine::copy(backend_, copy->device(), values.const_data_ptr<float>(), values.nbytes());
    return started(copy, values.sizes().vec());
  }

  at::Tensor surface_geopotential() const override { return surface_geopotential_; }
  Time valid_time() const override { return valid_time_; }
  const LatLonGrid& grid() const override { return grid_; }
  const std::vector<std::string>& channel_names() const override { return channel_names_; }
  Duration time_step() const override { return time_step_; }
  at::Tensor channel_std() const override { return std_; }
  at::Device device() const override { return device_; }
  bool batch_invariant() const override { return true; }
  std::string name() const override { return engine_name(backend_.kernel_set()); }
  std::map<std::string, engine::PhaseWork> work() const override { return network_->work(); }
  const Backend& backend() const override { return backend_; }
  engine::WeightSource weight_source() const override { return weight_source_; }
  uint64_t device_bytes() const override { return backend_.allocated_bytes(); }

 private:
  struct Member {
    Buffer values;  // normalised state
    std::shared_ptr<Backend::Graph> graph;
  };

  engine::StateRows rows_of(const Member& member) const { return network_->state_rows(member.values.as<float>()); }

  void set_sun() {
    if (!sizes_.sun) return;
    network_->set_sun(sun_ == SunKind::float32 ? sun_on_grid<float>(valid_time_, grid_)
                                               : sun_on_grid<double>(valid_time_, grid_));
  }

  std::shared_ptr<engine::AsyncDownload> free_download(size_t bytes) const {
    for (const auto& download : downloads_) {
      if (download.use_count() == 1 && download->bytes() == bytes) return download;
    }
    // Sizes change with the batch: those that are free and of another size will not be asked for again.
    std::erase_if(downloads_, [](const auto& download) { return download.use_count() == 1; });
    return downloads_.emplace_back(std::make_shared<engine::AsyncDownload>(backend_, bytes));
  }

  // The tensor keeps the copy's memory busy as long as it lives.
  static std::function<at::Tensor()> started(const std::shared_ptr<engine::AsyncDownload>& copy,
                                             const std::vector<int64_t>& shape) {
    copy->start();
    return
        [copy, shape] { return at::from_blob(copy->wait(), shape, [copy](void*) {}, at::TensorOptions(at::kFloat)); };
  }

  // [member][selected][point], on the device.
  void write_channels(const std::vector<int>& selected, float* to) const {
    const int count = static_cast<int>(selected.size());
    assert(selected.size() * sizeof(int) <= selected_.bytes());
    engine::upload(backend_, selected_.as<void>(), selected.data(), selected.size() * sizeof(int));
    for (size_t m = 0; m < members_; ++m, to += grid_.points() * count) {
      engine::denormalise(backend_, to, rows_of(states_[m]), {selected_.as<int>(), count}, network_->scaling());
    }
  }

  at::Device device_;
  SunKind sun_;
  LatLonGrid grid_;
  Duration time_step_;
  std::vector<std::string> channel_names_;
  at::Tensor std_;                   // [channel] on the CPU
  at::Tensor surface_geopotential_;  // [lat, lon]
  engine::Sizes sizes_;
  Backend backend_;
  std::optional<engine::FastNetwork> network_;
  engine::WeightSource weight_source_ = engine::WeightSource::package;
  Buffer selected_;
  std::vector<Member> states_;
  mutable std::vector<std::shared_ptr<engine::AsyncDownload>> downloads_;
  size_t members_ = 0;
  Time valid_time_{};
};

}  // namespace

std::unique_ptr<FastEngine> make_fast_engine(const ModelPackage& package, at::Device device,
                                             const FastOptions& options) {
  return std::make_unique<Fast>(package, device, options);
}

}  // namespace hens
