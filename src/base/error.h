// The one exception type of hens, and the exit codes that the program promises.
//
// An Error is for what users and the world do wrong: its message names the file, key or value, what was expected and
// what to do about it. Our own bugs are assertions (or std::logic_error), never an Error.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace hens {

// Exit codes of every hens program: sysexits.h where it has a word, 80 and 81 our own.
enum class ExitCode : int {
  ok = 0,               // done and verified
  usage = 64,           // wrong command line
  bad_input = 65,       // input data is malformed
  missing_input = 66,   // input does not exist
  unavailable = 69,     // an upstream service did not deliver
  bug = 70,             // internal error
  gpu = 71,             // the GPU or its driver failed
  cannot_create = 73,   // output cannot be created
  io = 74,              // reading or writing failed (disk full, say)
  interrupted = 75,     // stopped by a signal; the same command continues
  credentials = 77,     // access denied
  bad_spec = 78,        // job spec is wrong, or does not match what the output folder holds
  not_finite = 80,      // a forecast left the finite numbers
  members_failed = 81,  // some members failed, the others are complete
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

// Throws Error{code} with a message formatted by fmt.
template <typename... Args>
[[noreturn]] void fail(ExitCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// Text of errno value `error_number`, as "No space left on device". Thread-safe.
std::string errno_text(int error_number);

// Exit code for a failed system call on output: 73 where nothing could be created, 74 otherwise.
ExitCode output_error_code(int error_number) noexcept;

}  // namespace hens
