// The one lock under which netCDF-C and HDF5 are called.
//
// netCDF-C keeps process-wide state without locks, and so does HDF5 unless it was built thread-safe; packages, analyses
// and stores use them from different threads. Hold it for a whole operation: open, read or write, close.
#pragma once

#include <mutex>

namespace hens {

inline std::mutex& netcdf_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace hens
