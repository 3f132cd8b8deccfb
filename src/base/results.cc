#include "base/results.h"

#include <cerrno>
#include <cstdio>
#include <iostream>

#include "base/error.h"

namespace hens {

void flush_results() {
  errno = 0;
  const bool printed = static_cast<bool>(std::cout.flush());
  const bool flushed = std::fflush(stdout) == 0;
  const int error_number = errno;  // 0 where an earlier write failed
  if (printed && flushed && std::ferror(stdout) == 0) return;
  fail(ExitCode::io, "standard output: the results could not be written{}{}", error_number == 0 ? "" : ": ",
       error_number == 0 ? "" : errno_text(error_number));
}

}  // namespace hens
