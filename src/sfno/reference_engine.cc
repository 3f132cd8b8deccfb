#include "sfno/reference_engine.h"

#include <cassert>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

#include "base/error.h"
#include "base/read_ahead.h"
#include "sfno/forcing.h"

namespace hens {
namespace {

// TF32 in matrix products while it lives, on or off; LibTorch holds the switches globally.
class PrecisionGuard {
 public:
  explicit PrecisionGuard(bool tf32)
      : matrix_(at::globalContext().allowTF32CuBLAS()), convolution_(at::globalContext().allowTF32CuDNN()) {
    set(tf32, tf32);
  }
  ~PrecisionGuard() { set(matrix_, convolution_); }
  PrecisionGuard(const PrecisionGuard&) = delete;
  PrecisionGuard& operator=(const PrecisionGuard&) = delete;

 private:
  static void set(bool matrix, bool convolution) {
    at::globalContext().setAllowTF32CuBLAS(matrix);
    at::globalContext().setAllowTF32CuDNN(convolution);
  }
  bool matrix_, convolution_;
};

// What the device throws becomes an Error that names it; on the CPU LibTorch only throws for our own bugs.
template <typename Work>
auto on_device(at::Device device, const Work& work) {
  const at::NoGradGuard no_gradients;
  if (device.is_cpu()) return work();
  try {
    return work();
  } catch (const c10::Error& error) {
    fail(ExitCode::gpu, "{}: {}", device.str(), error.what_without_backtrace());
  }
}

Network loaded(const ModelPackage& package, at::Device device) {
  const ReadAhead ahead(package.checkpoint->path());
  return Network(package, device);
}

class ReferenceEngine final : public Engine {
 public:
  ReferenceEngine(const ModelPackage& package, at::Device device, const ReferenceOptions& options)
      : device_(device),
        options_(options),
        grid_(package.grid),
        time_step_(package.config.time_step),
        channel_names_(package.config.channels),
        has_sun_(package.config.add_zenith),
        mean_(at::tensor(package.mean, at::kFloat).to(device)),
        std_(at::tensor(package.std, at::kFloat).to(device)),
        static_features_(static_features(package).to(device)),
        surface_geopotential_(hens::surface_geopotential(package, device)),
        network_(loaded(package, device)) {}

  void start(const at::Tensor& state, Time valid_time, std::span<const MemberKey>) override {
    assert(state.dim() == 4 && state.size(1) == static_cast<int64_t>(channel_names_.size()));
    on_device(device_, [&] {
      members_.clear();
      for (const at::Tensor& member : state.unbind(0)) {
        members_.push_back(member.to(device_, at::kFloat).permute({1, 2, 0}).contiguous());
      }
    });
    valid_time_ = valid_time;
  }

  void step() override {
    on_device(device_, [&] {
      const PrecisionGuard precision(options_.precision == Precision::tf32);
      const at::Tensor forcing = forcing_now();
      for (at::Tensor& member : members_) member = advanced(member, forcing);
    });
    valid_time_ += time_step_;
  }

  at::Tensor state() const override {
    return on_device(device_, [&] { return at::stack(members_).permute({0, 3, 1, 2}).contiguous(); });
  }

  at::Tensor channels(const std::vector<int>& selected) const override {
    return on_device(device_, [&] {
      std::vector<at::Tensor> fields;
      for (const at::Tensor& member : members_) {
        for (const int channel : selected) fields.push_back(member.select(2, channel));
      }
      const auto members = static_cast<int64_t>(members_.size()), count = static_cast<int64_t>(selected.size());
      return at::stack(fields).view({members, count, grid_.nlat(), grid_.nlon()});
    });
  }

  at::Tensor surface_geopotential() const override { return surface_geopotential_; }
  Time valid_time() const override { return valid_time_; }
  const LatLonGrid& grid() const override { return grid_; }
  const std::vector<std::string>& channel_names() const override { return channel_names_; }
  Duration time_step() const override { return time_step_; }
  at::Tensor channel_std() const override { return std_.cpu(); }
  at::Device device() const override { return device_; }
  bool batch_invariant() const override { return true; }
  std::string name() const override {
    return options_.precision == Precision::tf32 && device_.is_cuda() ? "reference tf32" : "reference fp32";
  }

 private:
  // [lat, lon, forcing channel]: the sun at the state's own time, then the static features.
  at::Tensor forcing_now() const {
    if (!has_sun_) return static_features_;
    return at::cat({sun_feature(grid_, valid_time_, options_.sun).to(device_), static_features_}, 2);
  }

  // [lat, lon, channel] in physical units, and so the result.
  at::Tensor advanced(const at::Tensor& member, const at::Tensor& forcing) const {
    const at::Tensor input = at::cat({(member - mean_).div_(std_), forcing}, 2);
    return (network_(input, options_.probe) * std_).add_(mean_);
  }

  at::Device device_;
  ReferenceOptions options_;
  LatLonGrid grid_;
  Duration time_step_;
  std::vector<std::string> channel_names_;
  bool has_sun_;
  at::Tensor mean_, std_;            // [channel]
  at::Tensor static_features_;       // [lat, lon, static channel]
  at::Tensor surface_geopotential_;  // [lat, lon]
  Network network_;
  std::vector<at::Tensor> members_;  // [lat, lon, channel] each, physical units
  Time valid_time_{};
};

}  // namespace

std::unique_ptr<Engine> make_reference_engine(const ModelPackage& package, at::Device device,
                                              const ReferenceOptions& options) {
  return on_device(
      device, [&]() -> std::unique_ptr<Engine> { return std::make_unique<ReferenceEngine>(package, device, options); });
}

}  // namespace hens
