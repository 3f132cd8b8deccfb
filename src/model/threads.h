// How many threads LibTorch and OpenMP have on the CPU, and how they wait for one another.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace hens {

// Gives the process `wanted` threads; 0: as many as usable_cpus, unless OMP_NUM_THREADS says what the user wants.
void use_threads(int wanted);

// While one lives, threads that wait for others of an operation sleep soon instead of spinning for milliseconds. On
// cores that other processes want, too, spinning made a forecast ten times slower. Does nothing where OMP_WAIT_POLICY
// or GOMP_SPINCOUNT say what the user wants. Make it after the number of threads is set; one is enough.
class PatientThreads {
 public:
  PatientThreads();
  ~PatientThreads();
  PatientThreads(const PatientThreads&) = delete;
  PatientThreads& operator=(const PatientThreads&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable change_;
  bool ready_ = false, done_ = false;
  std::thread holder_;
};

}  // namespace hens
