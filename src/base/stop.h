// The wish to stop: SIGTERM and SIGINT set a flag that long work asks between its steps.
#pragma once

namespace hens {

// From here on SIGTERM and SIGINT only set the flag (also as process 1 of a container, which otherwise ignores them); a
// second SIGINT ends the process at once with exit code 75. SIGPIPE is ignored. Call once, from main.
void install_stop_signals();

// Whether a stop was asked for. Async-signal-safe, thread-safe.
bool stop_requested() noexcept;

// Throws Error{interrupted} if a stop was asked for.
void stop_if_requested();

// For tests: sets or clears the flag.
void request_stop(bool wanted = true) noexcept;

}  // namespace hens
