#include "fuzz/reached.h"

namespace hens::fuzz {
namespace {
uint8_t* counted = nullptr;        // the compiler's calls carry no argument
thread_local uint32_t before = 0;  // the block that this thread came from
}  // namespace

void count_reached(uint8_t* counts) { counted = counts; }

}  // namespace hens::fuzz

extern "C" void __sanitizer_cov_trace_pc() {
  using hens::fuzz::before, hens::fuzz::counted;
  if (counted == nullptr) return;
  const auto block = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(__builtin_return_address(0)) * 0x9e3779b1u >> 8);
  uint8_t& count = counted[(block ^ before) % hens::fuzz::reached_places];
  if (count != 255) ++count;
  before = block >> 1;  // a loop of one block is no step from nowhere
}
