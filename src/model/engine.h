// The engine: one model on one device, stepping a batch of members, one time step of the model at a time.
//
// This is the seam behind which implementations stand: the readable reference on LibTorch (sfno/) and the fast CUDA
// engine (engine/). The engine owns the state between steps, in whatever form suits it; callers see physical units.
// Not thread-safe: one thread at a time, all of a device's work in the order of the calls.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/time.h"
#include "grid/lat_lon_grid.h"
#include "job/member_key.h"

namespace hens {

// The state of a batch's members as it is now, for those who only look: float32, physical units.
class StateView {
 public:
  virtual ~StateView() = default;

  // All of it: [member, channel, lat, lon] on device(). The caller must not change it; it stays as it is when the
  // engine steps on.
  virtual at::Tensor state() const = 0;

  // Selected channels: [member, selected, lat, lon] on device().
  virtual at::Tensor channels(const std::vector<int>& selected) const = 0;

  // Starts to bring selected channels to the host, [member, selected, lat, lon]; the engine may step on meanwhile. What
  // is returned is called once: it waits, and gives them.
  virtual std::function<at::Tensor()> fetch(const std::vector<int>& selected) const {
    const at::Tensor fields = channels(selected).cpu().contiguous();
    return [fields] { return fields; };
  }

  // Starts to bring `fields`, which were made of this state on device(), to the host, in the order of the work that
  // made them. What is returned is called once: it waits, and gives them, contiguous.
  virtual std::function<at::Tensor()> bring(const at::Tensor& fields) const {
    const at::Tensor there = fields.cpu().contiguous();
    return [there] { return there; };
  }

  // Of the ground that the model's package describes, [lat, lon] float32 [m2 s-2] on device(); undefined where it
  // describes none.
  virtual at::Tensor surface_geopotential() const { return {}; }

  virtual Time valid_time() const = 0;
  virtual const LatLonGrid& grid() const = 0;
  virtual const std::vector<std::string>& channel_names() const = 0;
  virtual at::Device device() const = 0;
};

class Engine : public StateView {
 public:
  // Begins a roll-out from `state` [member, channel, lat, lon], float32, physical units, valid at `valid_time`, on any
  // device; one under way ends. The member count may differ from call to call.
  //
  // `members` has a key for each: a model that draws noise at every step draws it from there, in the streams from
  // first_model_stream on, so that a member stays the same bits in any batch. It is empty where states belong to no
  // member of a job (controls, benchmarks).
  virtual void start(const at::Tensor& state, Time valid_time, std::span<const MemberKey> members) = 0;
  void start(const at::Tensor& state, Time valid_time) { start(state, valid_time, {}); }

  // Advances all members by time_step(). The sun is that of the input state's valid time.
  virtual void step() = 0;

  virtual Duration time_step() const = 0;
  virtual at::Tensor channel_std() const = 0;  // [channel] float32 on the CPU, the package's global_stds

  // Whether a member's bytes are the same in a batch of any size. Recorded in run.json.
  virtual bool batch_invariant() const = 0;
  virtual std::string name() const = 0;  // "reference fp32", for the reports
  // Bytes of GPU memory that it holds beside LibTorch's.
  virtual uint64_t device_bytes() const { return 0; }
};

}  // namespace hens
