// The process that works for one device under a run of several (forecast/crew.h): told on its standard input what to
// do, it tells on its standard output what became of it (forecast/worker_messages.h).
#pragma once

#include "net/download.h"

namespace hens {

// Works until it is told to end, its input ends, a stop is asked for or an error ends it. Returns the exit code: 0,
// 75 after a stop, else the error's. Ends with its parent.
int serve_as_worker(int parent, const DownloadOptions& downloads);

}  // namespace hens
