#include "forecast/field_selection.h"

#include <algorithm>
#include <utility>

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

}  // namespace

at::Tensor cut_out(const at::Tensor& fields, const RegionCut& cut) {
  return (cut.corners.empty() ? box_of(fields, cut) : points_of(fields, cut)).contiguous();
}

FieldSelection::FieldSelection(const std::vector<std::string>& variables,
                               const std::vector<std::string>& model_channels, std::optional<RegionCut> cut)
    : cut_(std::move(cut)) {
  for (const std::string& name : variables) {
    const auto own = std::ranges::find(model_channels, name);
    is_derived_.push_back(own == model_channels.end());
    if (is_derived_.back()) {
      derived_.emplace_back(name, model_channels);
    } else {
      channels_.push_back(static_cast<int>(own - model_channels.begin()));
    }
  }
}

at::Tensor FieldSelection::fields(const StateView& state) const {
  return cut_ ? cut_out(whole(state), *cut_) : whole(state).contiguous();
}

at::Tensor FieldSelection::whole(const StateView& state) const {
  const at::Tensor own = channels_.empty() ? at::Tensor() : state.channels(channels_);
  if (derived_.empty()) return own;
  std::vector<at::Tensor> fields;  // [member, lat, lon] each
  int64_t next = 0;
  auto derived = derived_.begin();
  for (const bool is_derived : is_derived_)
    fields.push_back(is_derived ? (derived++)->of(state) : own.select(1, next++));
  return at::stack(fields, 1);
}

}  // namespace hens
