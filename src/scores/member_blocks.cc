#include "scores/member_blocks.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "base/stop.h"

namespace hens {
namespace {

std::vector<float> read_checked(const MemberField& field) {
  std::vector<float> values = field.store->read(field.variable, field.time, field.member, field.lead);
  if (std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) return values;
  fail(ExitCode::not_finite, "{}: {} is not finite at lead number {}; `hens verify` the run", field.name,
       field.store->layout().variables.at(static_cast<size_t>(field.variable)), field.lead);
}

// Reads every field once, several at a time.
void for_each_field(const std::vector<MemberField>& fields,
                    const std::function<void(size_t member, const std::vector<float>& field)>& use) {
  parallel_for(static_cast<int64_t>(fields.size()), [&](int64_t first, int64_t last) {
    for (int64_t member = first; member < last; ++member) {
      stop_if_requested();
      use(static_cast<size_t>(member), read_checked(fields[static_cast<size_t>(member)]));
    }
  });
}

void use_memory(const std::vector<MemberField>& fields, const LatLonGrid& grid,
                const std::function<void(const MemberBlock&)>& use) {
  std::vector<float> values(fields.size() * grid.points());
  for_each_field(fields, [&](size_t member, const std::vector<float>& field) {
    std::ranges::copy(field, values.begin() + static_cast<std::ptrdiff_t>(member * grid.points()));
  });
  use({0, grid.nlat(), values});
}

// Block b of the file begins where all members' rows before it end, and has its rows of one member after the other.
void use_scratch(const std::vector<MemberField>& fields, const LatLonGrid& grid, const BlockLimits& limits, int rows,
                 const std::function<void(const MemberBlock&)>& use) {
  const size_t members = fields.size(), columns = grid.lon.size();
  ScratchFile scratch(limits.scratch, members * grid.points() * sizeof(float));
  const auto height = [&](int row) { return std::min(rows, grid.nlat() - row); };
  for_each_field(fields, [&](size_t member, const std::vector<float>& field) {
    for (int row = 0; row < grid.nlat(); row += rows) {
      const size_t begin = static_cast<size_t>(row) * columns, size = static_cast<size_t>(height(row)) * columns;
      scratch.write((begin * members + member * size) * sizeof(float),
                    std::as_bytes(std::span(field).subspan(begin, size)));
    }
  });
  std::vector<float> values(members * static_cast<size_t>(rows) * columns);
  for (int row = 0; row < grid.nlat(); row += rows) {
    stop_if_requested();
    const size_t begin = static_cast<size_t>(row) * columns * members;
    const std::span<float> block(values.data(), members * static_cast<size_t>(height(row)) * columns);
    scratch.read(begin * sizeof(float), std::as_writable_bytes(block));
    use({row, height(row), block});
  }
}

}  // namespace

int rows_of_block(size_t members, const LatLonGrid& grid, uint64_t memory) {
  const uint64_t row = members * grid.lon.size() * sizeof(float);
  return static_cast<int>(std::clamp<uint64_t>(memory / std::max<uint64_t>(row, 1), 1, grid.lat.size()));
}

void for_each_block(const std::vector<MemberField>& fields, const LatLonGrid& grid, const BlockLimits& limits,
                    const std::function<void(const MemberBlock&)>& use) {
  const int rows = rows_of_block(fields.size(), grid, limits.memory);
  if (rows == grid.nlat()) return use_memory(fields, grid, use);
  use_scratch(fields, grid, limits, rows, use);
}

}  // namespace hens
