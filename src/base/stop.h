// The wish to stop: SIGTERM, SIGINT and SIGHUP set a flag that long work asks between its steps.
#pragma once

namespace hens {

// From here on SIGTERM, SIGINT and SIGHUP end the process at once with exit code 75, also as process 1 of a container,
// which otherwise ignores them. Where SIGHUP is ignored, as nohup does, it stays so. SIGXFSZ is ignored: a write beyond
// the limit of file sizes is an error like others. Call first of all; async-signal-safe.
void end_on_stop_signals();

// From here on they only set the flag; a second SIGINT ends the process at once. SIGPIPE and SIGXFSZ are
// ignored.
void install_stop_signals();

// Whether a stop was asked for. Async-signal-safe, thread-safe.
bool stop_requested() noexcept;

// Throws Error{interrupted} if a stop was asked for.
void stop_if_requested();

// For tests: sets or clears the flag.
void request_stop(bool wanted = true) noexcept;

}  // namespace hens
