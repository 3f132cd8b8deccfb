// metrics.prom: a run's progress in Prometheus' text format, for the node exporter's textfile collector.
#pragma once

#include "run/manifest.h"

namespace hens {

// Members by state and model, member-steps, seconds by stage, bytes written, peak memory, of all attempts so far.
std::string metrics_text(const Manifest& manifest);

}  // namespace hens
