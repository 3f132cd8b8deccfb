// The engine: one model on one device, stepping a batch of members by six hours at a time.
//
// This is the seam behind which implementations stand: the readable reference on LibTorch (sfno/) and the fast CUDA
// engine (engine/). The engine owns the state between steps, in whatever form suits it; callers see physical units.
// Not thread-safe: one thread at a time, all of a device's work in the order of the calls.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/time.h"
#include "grid/lat_lon_grid.h"

namespace hens {

class Engine {
 public:
  virtual ~Engine() = default;

  // Begins a roll-out from `state` [member, channel, lat, lon], float32, physical units, valid at `valid_time`, on any
  // device. The member count may differ from call to call.
  virtual void start(const at::Tensor& state, Time valid_time) = 0;

  // Advances all members by model_step. The sun is that of the input state's valid time.
  virtual void step() = 0;

  // The state now: [member, channel, lat, lon], float32, physical units, on device(). The caller must not change it;
  // it stays as it is when the engine steps on.
  virtual at::Tensor state() const = 0;

  // Selected channels of the state now: [member, selected, lat, lon], float32, physical units, on device().
  virtual at::Tensor channels(const std::vector<int>& selected) const = 0;

  // Starts to bring selected channels of the state now to the host, [member, selected, lat, lon] float32, physical
  // units; the engine may step on meanwhile. What is returned is called once: it waits, and gives them.
  virtual std::function<at::Tensor()> fetch(const std::vector<int>& selected) const {
    const at::Tensor fields = channels(selected).cpu().contiguous();
    return [fields] { return fields; };
  }

  virtual Time valid_time() const = 0;

  virtual const LatLonGrid& grid() const = 0;
  virtual const std::vector<std::string>& channel_names() const = 0;
  virtual at::Tensor channel_std() const = 0;  // [channel] float32 on the CPU, the package's global_stds
  virtual at::Device device() const = 0;

  // Whether a member's bytes are the same in a batch of any size. Recorded in run.json.
  virtual bool batch_invariant() const = 0;
  virtual std::string name() const = 0;  // "reference fp32", for the reports
};

}  // namespace hens
