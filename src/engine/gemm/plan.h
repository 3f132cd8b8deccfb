// A call of tiles, prepared: operands where their data lie, jobs uploaded, tensor maps made. Launched any number of
// times with an epilogue (epilogue.cuh), whose pointers may change from launch to launch. Not thread-safe.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <vector>

#include "engine/device/buffer.h"
#include "engine/gemm/epilogue.cuh"

namespace hens::engine {

// What a plan must know of its tiles' shape: what two blocks share, and the rows that one TMA load brings.
struct TileTraits {
  TileMode mode;
  Multicast multicast;
  int a_rows, b_rows;
  int wide_columns, narrow_columns;
  bool operator==(const TileTraits&) const = default;
  int columns(Kernels kernels) const { return engine::kernel_set(kernels).wide_tiles ? wide_columns : narrow_columns; }
};

template <typename Shape>
constexpr TileTraits traits() {
  constexpr bool shares_a = Shape::multicast == Multicast::a;
  static_assert(shares_a || !Shape::n_major);
  return {Shape::mode,
          Shape::multicast,
          shares_a ? tile_rows / 2 : tile_rows,
          Shape::n_major ? copy_columns
          : shares_a     ? Shape::wide_columns
                         : Shape::wide_columns / 2,
          Shape::wide_columns,
          Shape::narrow_columns};
}

// Of both layers.
using LayerTraits = std::array<TileTraits, 2>;
template <typename Shape>
constexpr LayerTraits layer_traits() {
  return {traits<typename LayersOf<Shape>::First>(), traits<typename LayersOf<Shape>::Second>()};
}

// What one segment of the jobs multiplies.
struct Segment {
  Operand a, b;
};

// Where its data lie.
struct Reads {
  const void *a = nullptr, *b = nullptr;
};

class GemmPlan {
 public:
  // At most max_segments; jobs name no others. `backend` and the operands' data outlive the plan. Asserts what TMA
  // demands: alignment of 16 bytes, of the data and of every stride.
  GemmPlan(const Backend& backend, const LayerTraits& tiles, const std::vector<Segment>& segments,
           const std::vector<TileJob>& jobs);
  ~GemmPlan();
  GemmPlan(GemmPlan&&) noexcept;
  GemmPlan& operator=(GemmPlan&&) noexcept;

  // Floating-point operations of one launch, padding of the tiles' columns included.
  double flop() const { return flop_; }

  // Asserts that it was made for tiles of this shape, and for operands at these addresses.
  void expect(const LayerTraits& tiles) const;
  void expect(std::initializer_list<Reads> segments) const;
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
  double flop_ = 0;
};

// A plan for the tiles that `E` finishes.
template <TileEpilogue E>
GemmPlan plan_for(const Backend& backend, const std::vector<Segment>& segments, const std::vector<TileJob>& jobs) {
  return GemmPlan(backend, layer_traits<typename E::Tiles>(), segments, jobs);
}

// Computes the plan's tiles and ends each with `epilogue`, in the order of the backend's stream. Asserts that the plan
// is for E's tiles. Defined in launch.cuh; every E is instantiated once, in a .cu file of those who use it.
template <TileEpilogue E>
void launch(const GemmPlan& plan, const E& epilogue);

// The same, naming what it reads, segment by segment. Asserts that this is so.
template <TileEpilogue E>
void launch(const GemmPlan& plan, std::initializer_list<Reads> segments, const E& epilogue) {
  plan.expect(segments);
  launch(plan, epilogue);
}

}  // namespace hens::engine
