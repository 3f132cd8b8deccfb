#include "forecast/field_selection.h"

#include <utility>

#include "grid/channels.h"

namespace hens {
namespace {

// Rows and columns of the box, of fields [..., lat, lon]; the columns go on at the first behind the last.
at::Tensor box_of(const at::Tensor& fields, const RegionCut& cut) {
  const int64_t rows = cut.domain.grid.nlat(), columns = cut.domain.grid.nlon(), first = cut.first_column;
  const at::Tensor band = fields.narrow(-2, cut.first_row, rows);
  const int64_t to_the_end = fields.size(-1) - first;
  if (columns <= to_the_end) return band.narrow(-1, first, columns);
  return at::cat({band.narrow(-1, first, to_the_end), band.narrow(-1, 0, columns - to_the_end)}, -1);
}

// One multiplication after another, and one addition: the same bits on the host and on a GPU.
at::Tensor points_of(const at::Tensor& fields, const RegionCut& cut) {
  const auto points = static_cast<int64_t>(cut.corners.size());
  const auto kind = at::TensorOptions(at::kLong);
  const at::Tensor corners =
      at::from_blob(const_cast<int64_t*>(cut.corners.front().data()), {points, 4}, kind).to(fields.device());
  const at::Tensor weights =
      at::from_blob(const_cast<float*>(cut.weights.front().data()), {points, 4}, at::kFloat).to(fields.device());
  const at::Tensor flat = fields.flatten(-2);
  at::Tensor sum = flat.index_select(-1, corners.select(1, 0)) * weights.select(1, 0);
  for (int64_t k = 1; k < 4; ++k) sum = sum + flat.index_select(-1, corners.select(1, k)) * weights.select(1, k);
  return sum;
}

at::Tensor cut_out(const at::Tensor& fields, const RegionCut& cut) {
  return (cut.corners.empty() ? box_of(fields, cut) : points_of(fields, cut)).contiguous();
}

}  // namespace

FieldSelection::FieldSelection(const std::vector<std::string>& variables,
                               const std::vector<std::string>& model_channels, std::optional<RegionCut> cut)
    : channels_(channel_positions(variables, model_channels)), cut_(std::move(cut)) {}

at::Tensor FieldSelection::fields(const StateView& state) const {
  const at::Tensor fields = state.channels(channels_);
  return cut_ ? cut_out(fields, *cut_) : fields.contiguous();
}

std::function<at::Tensor()> FieldSelection::fetch(const StateView& state) const {
  std::function<at::Tensor()> whole = state.fetch(channels_);
  if (!cut_) return whole;
  return [this, whole = std::move(whole)] { return cut_out(whole(), *cut_); };
}

}  // namespace hens
