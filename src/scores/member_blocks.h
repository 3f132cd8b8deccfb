// The fields of an ensemble's members, some rows of all of them at a time.
//
// A store has a field in one piece, compressed and with a checksum: rows of thousands of members cannot be had without
// reading whole fields. Each field is therefore read once. Where all of them fit the memory allowed they stay there;
// where they do not, their rows are sorted into a file without a name, block by block, and come back from it. So memory
// is what is allowed whatever the number of members (at least one row of each), and the disk reads or writes each value
// three times instead of once for each block.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "grid/lat_lon_grid.h"
#include "scores/scratch_file.h"
#include "store/store.h"

namespace hens {

// One field to read.
struct MemberField {
  const Store* store = nullptr;
  int variable = 0, time = 0, member = 0, lead = 0;
  std::string name;  // for errors: "nsteps_0004/hens_0.zarr: member 3"
};

struct BlockLimits {
  uint64_t memory = uint64_t{1} << 30;  // bytes of members' rows held at a time
  fs::path scratch;                     // folder for what does not fit
};

// Rows [row, row + rows) of all members.
struct MemberBlock {
  int row = 0, rows = 0;
  std::span<const float> values;  // [member][rows * nlon]
};

// Rows of a block for so many members: all where they fit.
int rows_of_block(size_t members, const LatLonGrid& grid, uint64_t memory);

// Calls `use` with each block, from the north. Throws what Store::read throws, and Error{not_finite} naming the field
// where a value is no number.
void for_each_block(const std::vector<MemberField>& fields, const LatLonGrid& grid, const BlockLimits& limits,
                    const std::function<void(const MemberBlock&)>& use);

}  // namespace hens
