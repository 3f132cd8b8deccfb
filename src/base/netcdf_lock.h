// The one lock under which netCDF-C and HDF5 are called.
//
// netCDF-C keeps process-wide state without locks, and so does HDF5 unless it was built thread-safe; packages, analyses
// and stores use them from different threads. Hold it for a whole operation: open, read or write, close.
#pragma once

#include <hdf5.h>
#include <mutex>

namespace hens {

class NetcdfLock {
 public:
  NetcdfLock() : held_(mutex()) {
    // HDF5 would close at exit what a full disk kept us from closing, and crash. To be said before all other calls.
    H5dont_atexit();
    // It prints its errors by itself until told not to, in every thread anew: ours say what is wrong.
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    // An untrusted file must not choose code to load: no plug-ins.
    H5PLset_loading_state(0);
  }

 private:
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  std::lock_guard<std::mutex> held_;
};

}  // namespace hens
