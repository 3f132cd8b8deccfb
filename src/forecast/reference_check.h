// Members stepped on the reference engine beside the one that makes the forecast, and how far the two drift apart.
#pragma once

#include <memory>
#include <vector>

#include <nlohmann/json.hpp>

#include "job/job_spec.h"
#include "model/engine.h"
#include "package/package.h"

namespace hens {

// Whether member `member` is among a fraction of all members, evenly spread: a pure function, the same on every shard.
bool is_checked(int member, double fraction);

class ReferenceCheck {
 public:
  // Loads the package's weights a second time, in strict fp32, beside `engine`'s.
  ReferenceCheck(const ModelPackage& package, const Engine& engine, SunKind sun);

  // Begins beside the engine from the same `states` [member, channel, lat, lon].
  void start(const at::Tensor& states, Time valid_time);
  // Steps as the engine just did; on steps 1, 4, 10, 20, 40, 100, ... and the `last` it compares.
  void step(int step, bool last);
  // Of one member of the batch: by step the root mean square difference of all channels in standard deviations, and the
  // worst channel with its own.
  nlohmann::ordered_json result(int position) const;

 private:
  void compare(int step);

  const Engine& engine_;
  std::unique_ptr<Engine> reference_;
  std::vector<nlohmann::ordered_json> results_;  // by member of the batch
};

}  // namespace hens
