#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace hens {

std::string errno_text(int error_number) { return std::generic_category().message(error_number); }

ExitCode output_error_code(int error_number) noexcept {
  switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case ENOTDIR:
    case EEXIST:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:
      return ExitCode::cannot_create;
    default:
      return ExitCode::io;
  }
}

}  // namespace hens
