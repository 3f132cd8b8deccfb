#include "job/tracks_spec.h"

namespace hens {

std::vector<std::string> track_variables(const TracksSpec& spec) {
  std::vector<std::string> variables{"u10m", "v10m", "msl"};
  const auto add = [&](const std::vector<std::string>& more) {
    variables.insert(variables.end(), more.begin(), more.end());
  };
  if (spec.tracker == TrackerKind::hens) {
    add(spec.warm_core);
  } else {
    add({"u850", "v850"});
  }
  if (spec.tracker == TrackerKind::vitart) add({"z850", "z200", "t500", "t400", "t300", "t250", "t200"});
  return variables;
}

}  // namespace hens
