// The sets of kernels that compute tiles (engine/gemm/): one for each kind of card, and plain loops on the host, which
// the others are tested against. Which set runs is asked once, when a Backend is made. Pure data; any thread.
#pragma once

#include <array>
#include <cstddef>

namespace hens::engine {

// One row a set, best first, and what the host must know of it:
//   name          of the set, of its namespace, and of its file in engine/gemm/
//   first, last   compute capability times ten that it runs on; 0 where it needs no GPU
//   wide          whether its tiles have the wide columns of a TileShape, else the narrow ones
//   cluster       whether two blocks take a pair of jobs and load one operand for both, by TMA's tensor maps
//   lag           by how many tiles for each multiprocessor a chain's second layer stays behind its first, so that no
//                 tile waits. On Hopper three turns of one block: a tile is stored one or two turns after its products
//                 began, and the loads of the tile that reads it begin up to a turn before its own products. On Ampere
//                 two turns of two blocks: loads begin when the block finishes the tile before.
// Another card's kernels are a row here and an #include in engine/gemm/launch.cuh.
#define HENS_KERNEL_SETS(ROW)           \
  ROW(hopper, 90, 90, true, true, 3)    \
  ROW(ampere, 80, 999, false, false, 4) \
  ROW(host, 0, 0, false, false, 3)

#define HENS_KERNELS_NAME(name, ...) name,
enum class Kernels { HENS_KERNEL_SETS(HENS_KERNELS_NAME) };
#undef HENS_KERNELS_NAME

struct KernelSet {
  const char* name;
  int first_capability, last_capability;
  bool wide_tiles, clusters;
  int tiles_behind;
  constexpr bool on_gpu() const { return first_capability > 0; }
  constexpr bool runs_on(int capability) const {
    return first_capability <= capability && capability <= last_capability;
  }
};

#define HENS_KERNELS_ROW(name, ...) KernelSet{#name, __VA_ARGS__},
constexpr std::array kernel_sets{HENS_KERNEL_SETS(HENS_KERNELS_ROW)};
#undef HENS_KERNELS_ROW

constexpr const KernelSet& kernel_set(Kernels kernels) { return kernel_sets[static_cast<size_t>(kernels)]; }

}  // namespace hens::engine
